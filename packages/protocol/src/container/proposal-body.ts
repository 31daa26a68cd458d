import { toHex } from "../bytes/hex.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import type { HexHash } from "../consensus/types.ts";
import { keccak256 } from "../crypto/keccak.ts";

/** Transactions for one chain. */
export type Section = {
  readonly chainId: bigint;
  /** Signed transactions as on the wire (EIP-2718), in the proposer's order. */
  readonly transactions: readonly Uint8Array[];
};

/** A proposal's body: sections by ascending chain id, none of them empty. */
export type ProposalBody = readonly Section[];

/** u16 count, then for each section u64 chain id, u32 count and each transaction with its u32 length. */
export function encodeProposalBody(body: ProposalBody): Uint8Array {
  const writer = new Writer(1024);
  writer.u16(body.length);
  for (const { chainId, transactions } of body) {
    writer.u64(chainId).u32(transactions.length);
    for (const raw of transactions) writer.sized(raw);
  }
  return writer.finish();
}

/** Undefined where the bytes are not the one encoding of a body. Transactions are views on the bytes. */
export function decodeProposalBody(bytes: Uint8Array): ProposalBody | undefined {
  const reader = new Reader(bytes);
  const body: Section[] = [];
  const count = reader.u16();
  let last = -1n;
  for (let i = 0; i < count && reader.ok; i++) {
    const chainId = reader.u64();
    const length = reader.u32();
    if (chainId <= last || length === 0) reader.fail();
    last = chainId;
    const transactions: Uint8Array[] = [];
    for (let j = 0; j < length && reader.ok; j++) {
      const raw = reader.sized(reader.remaining);
      if (raw.length === 0) reader.fail();
      transactions.push(raw);
    }
    body.push({ chainId, transactions });
  }
  return reader.complete ? body : undefined;
}

/** How many transactions a body holds: the header's `txCount`. */
export function countTransactions(body: ProposalBody): number {
  return body.reduce((total, section) => total + section.transactions.length, 0);
}

/** keccak256 of the encoded body: the header's `bodyHash`. */
export function proposalBodyHash(encoded: Uint8Array): HexHash {
  return toHex(keccak256(encoded));
}
