import type { ChainReader, EthereumBlock } from "@tributary/chain";
import { data } from "./hex.ts";
import { transactionShape } from "./shape/transaction.ts";

/** Transactions shown in one unit of budget. */
const SHOWN_PER_UNIT = 4;

/** A block's transactions as eth_getBlockBy* shows them: hashes, or objects where `full`. */
export function blockTransactions(
  chain: ChainReader,
  block: EthereumBlock,
  full: boolean,
  charge: (units: number) => void,
): readonly unknown[] {
  if (!full) return block.transactionHashes.map(data);
  charge(block.transactions.length / SHOWN_PER_UNIT);
  return block.transactions.map((_, index) => {
    const included = chain.transactionAt(block.header.number, index);
    return included === undefined ? null : transactionShape(included.transaction, included);
  });
}
