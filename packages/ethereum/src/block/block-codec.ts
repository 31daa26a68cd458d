import type { EthereumHeader, Withdrawal } from "@tributary/chain/block/ethereum";
import { RlpReader } from "@tributary/chain/rlp/reader";
import { EthereumError } from "../ethereum-error.ts";

/** A block as a file or a peer gives it, not yet checked. */
export type RawBlock = {
  readonly header: EthereumHeader;
  /** Wire forms (EIP-2718). */
  readonly transactions: readonly Uint8Array[];
  readonly uncles: readonly EthereumHeader[];
  readonly withdrawals: readonly Withdrawal[] | undefined;
  /** The block's own RLP. */
  readonly encoded: Uint8Array;
};

/** Bytes of `extraData` that a header may have on a chain of proof of work of the first days, with room for others. */
const MAX_EXTRA_DATA = 1_024;

function readHeader(reader: RlpReader): EthereumHeader {
  return {
    parentHash: reader.fixed(32),
    ommersHash: reader.fixed(32),
    beneficiary: reader.fixed(20),
    stateRoot: reader.fixed(32),
    transactionsRoot: reader.fixed(32),
    receiptsRoot: reader.fixed(32),
    logsBloom: reader.fixed(256),
    difficulty: reader.uint(32),
    number: reader.safe(),
    gasLimit: reader.safe(),
    gasUsed: reader.safe(),
    timestamp: reader.safe(),
    extraData: reader.bytes(MAX_EXTRA_DATA),
    mixHash: reader.fixed(32),
    nonce: reader.fixed(8),
    ...(reader.more ? { baseFeePerGas: reader.uint(32) } : {}),
    ...(reader.more ? { withdrawalsRoot: reader.fixed(32) } : {}),
    ...(reader.more ? { blobGasUsed: reader.uint(8) } : {}),
    ...(reader.more ? { excessBlobGas: reader.uint(8) } : {}),
    ...(reader.more ? { parentBeaconBlockRoot: reader.fixed(32) } : {}),
    ...(reader.more ? { requestsHash: reader.fixed(32) } : {}),
  };
}

function wholeHeader(reader: RlpReader): EthereumHeader {
  const header = readHeader(reader);
  if (!reader.complete) reader.fail();
  return header;
}

function readTransactions(reader: RlpReader): Uint8Array[] {
  const out: Uint8Array[] = [];
  // A typed transaction is a string in the list, a legacy one is a list itself.
  while (reader.more)
    out.push(new Uint8Array(reader.nextIsList ? reader.raw() : reader.bytes(Number.MAX_SAFE_INTEGER)));
  return out;
}

function readWithdrawals(reader: RlpReader): Withdrawal[] {
  const out: Withdrawal[] = [];
  while (reader.more) {
    const item = reader.list();
    out.push({ index: item.uint(8), validatorIndex: item.uint(8), address: item.fixed(20), amount: item.uint(8) });
    if (!item.complete) item.fail();
  }
  return out;
}

function readBlock(reader: RlpReader, encoded: Uint8Array): RawBlock {
  const header = wholeHeader(reader.list());
  const transactions = readTransactions(reader.list());
  const uncles: EthereumHeader[] = [];
  const list = reader.list();
  while (list.more) uncles.push(wholeHeader(list.list()));
  const withdrawals = reader.more ? readWithdrawals(reader.list()) : undefined;
  if (!reader.complete) reader.fail();
  return { header, transactions, uncles, withdrawals, encoded };
}

/** The blocks of a file that holds one after the other, as Ethereum's clients export them. Throws `chain-file`. */
export function* readBlocks(file: Uint8Array): Generator<RawBlock> {
  const items = RlpReader.items(file);
  while (items.more) {
    const at = items.position;
    const encoded = items.raw();
    const reader = RlpReader.list(encoded);
    const block = readBlock(reader, encoded);
    if (!reader.ok) throw new EthereumError("chain-file", `no block at byte ${at} of the chain's file`);
    yield block;
  }
  if (!items.ok) throw new EthereumError("chain-file", "the chain's file ends within a block");
}
