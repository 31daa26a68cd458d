import { type RlpItem, rlpEncode, rlpLength } from "../rlp/encode.ts";
import type { EthereumBlock, EthereumHeader, Withdrawal } from "./ethereum.ts";
import { encodeHeader } from "./header-codec.ts";

/** First byte from which on an encoding is an RLP list: a legacy transaction. Typed ones are strings in a block. */
const FIRST_LIST = 0xc0;

function headerItem(header: EthereumHeader): RlpItem {
  return { encoded: encodeHeader(header) };
}

export function withdrawalItem({ index, validatorIndex, address, amount }: Withdrawal): RlpItem {
  return [index, validatorIndex, address, amount];
}

/** RLP of the list of uncles: its keccak256 is `ommersHash`. */
export function encodeUncles(uncles: readonly EthereumHeader[]): Uint8Array {
  return rlpEncode(uncles.map(headerItem));
}

type WholeBlock = Pick<EthereumBlock, "header" | "transactions" | "uncles" | "withdrawals">;

function blockItem({ header, transactions, uncles = [], withdrawals = [] }: WholeBlock): RlpItem {
  const items = transactions.map((raw) => ((raw[0] ?? 0) >= FIRST_LIST ? { encoded: raw } : raw));
  const parts: RlpItem[] = [headerItem(header), items, uncles.map(headerItem)];
  if (header.withdrawalsRoot !== undefined) parts.push(withdrawals.map(withdrawalItem));
  return parts;
}

/** RLP of a whole block. */
export function encodeBlock(block: WholeBlock): Uint8Array {
  return rlpEncode(blockItem(block));
}

/** Bytes of it. */
export function blockSize(block: WholeBlock): number {
  return rlpLength(blockItem(block));
}
