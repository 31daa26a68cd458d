// A proof of work that buys one transaction a place where credit buys none. It travels beside the signed transaction,
// since it is bound to what was signed, and no block holds it: members that take a transaction in check it, as they
// check credit, and consensus does not.

import { concat, uint } from "../bytes/bytes.ts";
import { tagHash } from "../crypto/digest.ts";
import { keccak256 } from "../crypto/keccak.ts";

/** First byte of the envelope: in EIP-2718's range for types, and taken by none. */
const ENVELOPE = 0x70;
const HASH_BYTES = 32;
const COUNTER_BYTES = 8;
const HEAD_BYTES = 1 + HASH_BYTES + COUNTER_BYTES;
/** An attempt counts by the first so many bits of its hash: exact in a double. */
const TARGET_BITS = 48;
/** The most hashes that a proof can show. */
export const MAX_WORK: number = 2 ** 40;

/** What a proof is bound to: it is worth nothing for another chain, sender, nonce, block or transaction. */
export type WorkSubject = {
  readonly chainId: bigint;
  /** 20 bytes. */
  readonly sender: Uint8Array;
  readonly nonce: bigint;
  /** Hash of a recent block, 32 bytes: nobody mines long ahead. */
  readonly blockHash: Uint8Array;
  /** What the sender signed, 32 bytes. */
  readonly signingHash: Uint8Array;
};

export type ProofOfWork = { readonly blockHash: Uint8Array; readonly counter: bigint };

/** 32 bytes; attempts are hashed with it, one permutation each. */
export function workChallenge({ chainId, sender, nonce, blockHash, signingHash }: WorkSubject): Uint8Array {
  return keccak256(concat(tagHash("work"), uint(chainId, 32), sender, uint(nonce, 8), blockHash, signingHash));
}

/** Attempts for one challenge, counter by counter, without an allocation of its own for each. */
export class WorkAttempts {
  readonly #input = new Uint8Array(HASH_BYTES + COUNTER_BYTES);
  readonly #view = new DataView(this.#input.buffer);

  constructor(challenge: Uint8Array) {
    this.#input.set(challenge.subarray(0, HASH_BYTES));
  }

  /** Hashes that an attempt like this one takes on average. */
  work(counter: bigint): number {
    this.#view.setBigUint64(HASH_BYTES, counter);
    const hash = keccak256(this.#input);
    const head =
      new DataView(hash.buffer, hash.byteOffset).getUint32(0) * 2 ** 16 + (hash[4] ?? 0) * 256 + (hash[5] ?? 0);
    return Math.min(Math.floor(2 ** TARGET_BITS / (head + 1)), MAX_WORK);
  }
}

/** The transaction with its proof, as `eth_sendRawTransaction` and other members take it. */
export function sealWork(raw: Uint8Array, { blockHash, counter }: ProofOfWork): Uint8Array {
  return concat(Uint8Array.of(ENVELOPE), blockHash, uint(counter, COUNTER_BYTES), raw);
}

export type Unsealed = { readonly raw: Uint8Array; readonly proof: ProofOfWork | undefined };

/** The signed transaction, and the proof where one came with it. Bytes that are no envelope are a transaction. */
export function unsealWork(bytes: Uint8Array): Unsealed {
  if (bytes[0] !== ENVELOPE || bytes.length < HEAD_BYTES) return { raw: bytes, proof: undefined };
  const blockHash = bytes.slice(1, 1 + HASH_BYTES);
  const counter = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(1 + HASH_BYTES);
  return { raw: bytes.subarray(HEAD_BYTES), proof: { blockHash, counter } };
}
