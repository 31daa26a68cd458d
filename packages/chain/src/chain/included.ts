import { paysTips } from "../block/header-codec.ts";
import type { Receipt } from "../block/receipt.ts";
import { ChainError } from "../chain-error.ts";
import type { BlockRecord } from "../ledger/block-record.ts";
import { pricePaid } from "../rules/fee-storage.ts";
import { decodeTransaction } from "../transaction/decode.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { IncludedReceipt, IncludedTransaction } from "./reader.ts";

// What stands in a block, with where it stands and what it paid.

/** Undefined where the block has none there. ChainError `store-damaged` where it does not decode. */
export function transactionIn(
  chainId: bigint,
  { block, senders }: BlockRecord,
  index: number,
): Transaction | undefined {
  const raw = block.transactions[index];
  const hash = block.transactionHashes[index];
  const sender = senders[index];
  if (raw === undefined || hash === undefined || sender === undefined) return undefined;
  const decoded = decodeTransaction(raw, chainId);
  if (!decoded.ok) throw new ChainError("store-damaged", `a transaction of block ${block.header.number} is damaged`);
  const { digest: _, ...fields } = decoded.transaction;
  return { ...fields, hash, sender };
}

/** As `transactionIn`. */
export function includedTransaction(
  chainId: bigint,
  record: BlockRecord,
  transactionIndex: number,
): IncludedTransaction | undefined {
  const transaction = transactionIn(chainId, record, transactionIndex);
  if (transaction === undefined) return undefined;
  const { header, hash: blockHash } = record.block;
  const { number: blockNumber, timestamp, baseFeePerGas } = header;
  const place = { blockNumber, blockHash, timestamp, transactionIndex };
  // Nothing is said of what nothing is charged for.
  if (baseFeePerGas === 0n) return { ...place, transaction };
  return { ...place, transaction, gasPrice: pricePaid({ price: baseFeePerGas, tips: paysTips(header) }, transaction) };
}

/** `receipts`: of the whole block. As `transactionIn`. */
export function includedReceipt(
  chainId: bigint,
  record: BlockRecord,
  receipts: readonly Receipt[],
  index: number,
): IncludedReceipt | undefined {
  const included = includedTransaction(chainId, record, index);
  const receipt = receipts[index];
  if (included === undefined || receipt === undefined) return undefined;
  let firstLogIndex = 0;
  for (const { logs } of receipts.slice(0, index)) firstLogIndex += logs.length;
  return { ...included, receipt, firstLogIndex };
}

/** Those of a whole block. */
export function includedReceipts(
  chainId: bigint,
  record: BlockRecord,
  receipts: readonly Receipt[],
): readonly IncludedReceipt[] {
  let firstLogIndex = 0;
  return receipts.flatMap((receipt, index) => {
    const included = includedTransaction(chainId, record, index);
    if (included === undefined) return [];
    const one = { ...included, receipt, firstLogIndex };
    firstLogIndex += receipt.logs.length;
    return one;
  });
}
