import { concat } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { Block } from "../block/block.ts";
import { blockSize } from "../block/encode-block.ts";
import { decodeHeader, encodeHeader } from "../block/header-codec.ts";
import { rlpEncode } from "../rlp/encode.ts";
import { RlpReader } from "../rlp/reader.ts";

/** A block as stored: with the senders, so that reading it recovers no signature. */
export type BlockRecord = { readonly block: Block; readonly senders: readonly Uint8Array[] };

export function encodeBlockRecord({ block, senders }: BlockRecord): Uint8Array {
  return rlpEncode([block.height, encodeHeader(block.header), block.transactions, concat(...senders)]);
}

/** Undefined where the bytes are no block record. */
export function decodeBlockRecord(bytes: Uint8Array): BlockRecord | undefined {
  const reader = RlpReader.list(bytes);
  const height = reader.safe();
  const encoded = reader.bytes(bytes.length);
  const list = reader.list();
  const transactions: Uint8Array[] = [];
  while (list.more) transactions.push(list.bytes(bytes.length));
  const all = reader.bytes(bytes.length);
  const header = decodeHeader(encoded);
  if (!reader.complete || !list.complete || header === undefined || all.length !== 20 * transactions.length) {
    return undefined;
  }
  let size: number | undefined;
  let hashes: readonly Uint8Array[] | undefined;
  return {
    block: {
      header,
      hash: keccak256(encoded),
      // A start that looks back over minutes of blocks needs neither.
      get size() {
        size ??= blockSize({ header, transactions });
        return size;
      },
      transactions,
      get transactionHashes() {
        hashes ??= transactions.map((raw) => keccak256(raw));
        return hashes;
      },
      height,
    },
    senders: transactions.map((_, i) => all.subarray(20 * i, 20 * i + 20)),
  };
}
