import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { toKey } from "../store/key.ts";
import { decodeTransaction, MAX_TRANSACTION_BYTES } from "./decode.ts";
import { recoverAddress } from "./recover.ts";
import type { Rejection } from "./rejection.ts";
import type { Transaction } from "./transaction.ts";

/** Senders kept: at 300 transactions a second the last minutes; about 150 bytes each. */
const CACHED_SENDERS = 65_536;

export type Decoded =
  | { readonly ok: true; readonly transaction: Transaction }
  | { readonly ok: false; readonly rejection: Rejection };

/**
 * Decodes and checks transactions of one chain, recovering each signature once: pool, proposal check and execution
 * meet the same transaction, and a recovery costs more than all the rest of the decoding.
 */
export class TransactionDecoder {
  readonly #chainId: bigint;
  readonly #maxBytes: number;
  /** Two generations: when the young one is full it becomes the old one. Keys are hashes as latin1. */
  #young = new Map<string, Uint8Array>();
  #old = new Map<string, Uint8Array>();

  constructor(chainId: bigint, maxBytes: number = MAX_TRANSACTION_BYTES) {
    this.#chainId = chainId;
    this.#maxBytes = maxBytes;
  }

  decode(raw: Uint8Array): Decoded {
    const decoded = decodeTransaction(raw, this.#chainId, this.#maxBytes);
    if (!decoded.ok) return decoded;
    const { digest, ...fields } = decoded.transaction;
    const hash = keccak256(raw);
    const key = toKey(hash);
    let sender = this.#young.get(key) ?? this.#old.get(key);
    if (sender === undefined) {
      sender = recoverAddress(digest, fields.r, fields.s, fields.yParity);
      if (sender === undefined) {
        return { ok: false, rejection: { code: "invalid-sender", message: "invalid sender: no such signature" } };
      }
      this.#remember(key, sender);
    }
    return { ok: true, transaction: { ...fields, sender, hash } };
  }

  #remember(key: string, sender: Uint8Array): void {
    if (this.#young.size >= CACHED_SENDERS / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, sender);
  }
}
