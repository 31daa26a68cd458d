import type { Lane } from "@tributary/protocol/gasless/lanes";
import type { PoolEntry } from "@tributary/protocol/ports/execution";
import type { Transaction } from "../transaction/transaction.ts";
import type { PoolRoom } from "./room.ts";

/** A waiting transaction, and what the consensus port says of it. */
export type Waiting = PoolEntry & {
  readonly transaction: Transaction;
  /** The hash and the sender as keys of maps. */
  readonly key: string;
  readonly senderKey: string;
  /** Hashes that its proof of work shows; 0 without one. */
  hashes: number;
  sealed: Uint8Array;
  /** As of the last look. */
  lane: Lane;
  /** In whose room of the pool it waits. */
  room: PoolRoom;
  /** Key of the account whose credit it uses in place of its sender's. */
  readonly sponsor: string | undefined;
  /** As of the last look. */
  age: number;
  /** Value of the pool's age counter at which this transaction's age was 0. */
  born: number;
};

/** The waiting transactions of one sender by nonce. */
export class SenderQueue {
  readonly #byNonce = new Map<bigint, Waiting>();
  #next: bigint;
  /** From `next` on, without a gap. */
  #ready: Waiting[] = [];
  #value = 0n;

  constructor(next: bigint) {
    this.#next = next;
  }

  /** Nonce that the chain expects next. */
  get next(): bigint {
    return this.#next;
  }

  get size(): number {
    return this.#byNonce.size;
  }

  /** Those without a gap before them, ascending. */
  get ready(): readonly Waiting[] {
    return this.#ready;
  }

  /** Sum of the values that wait, wei. */
  get value(): bigint {
    return this.#value;
  }

  /** Nonce after the last transaction without a gap. */
  get pendingNonce(): bigint {
    return this.#next + BigInt(this.#ready.length);
  }

  at(nonce: bigint): Waiting | undefined {
    return this.#byNonce.get(nonce);
  }

  all(): Iterable<Waiting> {
    return this.#byNonce.values();
  }

  /** Puts the transaction at its nonce and gives what stood there. */
  put(waiting: Waiting): Waiting | undefined {
    const { nonce, value } = waiting.transaction;
    const before = this.#byNonce.get(nonce);
    this.#byNonce.set(nonce, waiting);
    if (before !== undefined && nonce >= this.#next && nonce < this.pendingNonce) {
      this.#ready[Number(nonce - this.#next)] = waiting;
    }
    this.#value += value - (before?.transaction.value ?? 0n);
    this.#extend();
    return before;
  }

  remove(nonce: bigint): Waiting | undefined {
    const waiting = this.#byNonce.get(nonce);
    if (waiting === undefined) return undefined;
    this.#byNonce.delete(nonce);
    this.#value -= waiting.transaction.value;
    if (nonce >= this.#next && nonce < this.pendingNonce) this.#ready.length = Number(nonce - this.#next);
    return waiting;
  }

  /** The chain expects `next` now: gives the transactions that came too late for it. */
  advance(next: bigint): Waiting[] {
    if (next <= this.#next) return [];
    const late: Waiting[] = [];
    for (const [nonce, waiting] of this.#byNonce) {
      if (nonce >= next) continue;
      this.#byNonce.delete(nonce);
      this.#value -= waiting.transaction.value;
      late.push(waiting);
    }
    const passed = next - this.#next;
    this.#ready = passed < BigInt(this.#ready.length) ? this.#ready.slice(Number(passed)) : [];
    this.#next = next;
    this.#extend();
    return late;
  }

  /** The transaction with the highest nonce, if there is a gap before it. */
  lastQueued(): Waiting | undefined {
    if (this.#byNonce.size === this.#ready.length) return undefined;
    let last: Waiting | undefined;
    for (const waiting of this.#byNonce.values()) {
      if (last === undefined || waiting.transaction.nonce > last.transaction.nonce) last = waiting;
    }
    return last;
  }

  #extend(): void {
    for (;;) {
      const following = this.#byNonce.get(this.pendingNonce);
      if (following === undefined) return;
      this.#ready.push(following);
    }
  }
}
