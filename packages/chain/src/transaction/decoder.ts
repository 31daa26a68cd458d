import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { toKey } from "../store/key.ts";
import { decodeTransaction, MAX_TRANSACTION_BYTES, oversized, type UnrecoveredTransaction } from "./decode.ts";
import { recoverAddress } from "./recover.ts";
import type { Rejection } from "./rejection.ts";
import type { Transaction } from "./transaction.ts";

/** What the kept transactions may weigh, bytes: about 20 000 transfers. */
const KEPT_BYTES = 24 * 1024 * 1024;
/** What a transaction weighs beside its wire form. */
const OBJECT_BYTES = 1_024;

export type Decoded =
  | { readonly ok: true; readonly transaction: Transaction }
  | { readonly ok: false; readonly rejection: Rejection };

/**
 * Decodes and checks transactions of one chain, each of them once: forwarding, pool, proposal check, execution and
 * commit meet the same bytes, and a recovery of the signer costs more than all the rest.
 */
export class TransactionDecoder {
  readonly #chainId: bigint;
  readonly #maxBytes: number;
  /** Two generations: when the young one is full it becomes the old one. Keys are hashes as latin1. */
  #young = new Map<string, Transaction>();
  #old = new Map<string, Transaction>();
  /** Of the young generation. */
  #bytes = 0;

  constructor(chainId: bigint, maxBytes: number = MAX_TRANSACTION_BYTES) {
    this.#chainId = chainId;
    this.#maxBytes = maxBytes;
  }

  /** The transaction has a copy of the bytes: they may be a view on a message of megabytes. */
  decode(raw: Uint8Array): Decoded {
    if (raw.length > this.#maxBytes) return oversized(raw.length, this.#maxBytes);
    const hash = keccak256(raw);
    const key = toKey(hash);
    const known = this.#young.get(key) ?? this.#old.get(key);
    if (known !== undefined) return { ok: true, transaction: known };
    const decoded = this.#decode(new Uint8Array(raw), hash);
    if (decoded.ok) this.#remember(key, decoded.transaction);
    return decoded;
  }

  #decode(raw: Uint8Array, hash: Uint8Array): Decoded {
    const decoded = decodeTransaction(raw, this.#chainId, this.#maxBytes);
    if (!decoded.ok) return decoded;
    const { transaction } = decoded;
    const sender = recoverAddress(transaction.digest, transaction.r, transaction.s, transaction.yParity);
    if (sender === undefined) {
      return { ok: false, rejection: { code: "invalid-sender", message: "invalid sender: no such signature" } };
    }
    return { ok: true, transaction: recovered(transaction, sender, hash) };
  }

  #remember(key: string, transaction: Transaction): void {
    if (this.#bytes >= KEPT_BYTES / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(key, transaction);
    this.#bytes += transaction.raw.length + OBJECT_BYTES;
  }
}

/** Field by field: see `decodeTransaction`. */
function recovered(from: UnrecoveredTransaction, sender: Uint8Array, hash: Uint8Array): Transaction {
  return {
    type: from.type,
    chainId: from.chainId,
    nonce: from.nonce,
    gasLimit: from.gasLimit,
    maxFeePerGas: from.maxFeePerGas,
    maxPriorityFeePerGas: from.maxPriorityFeePerGas,
    to: from.to,
    value: from.value,
    data: from.data,
    accessList: from.accessList,
    authorizations: from.authorizations,
    yParity: from.yParity,
    r: from.r,
    s: from.s,
    sender,
    hash,
    raw: from.raw,
  };
}
