import type { Transaction } from "../transaction/transaction.ts";

/** A waiting transaction. */
export type Waiting = {
  readonly transaction: Transaction;
  /** hash and sender as 0x-prefixed hex: what the consensus port speaks. */
  readonly hash: `0x${string}`;
  readonly sender: `0x${string}`;
  /** Value of the pool's age counter at which this transaction's age was 0. */
  born: number;
};

/** The waiting transactions of one sender by nonce. The first `ready` from `next` on have no gap before them. */
export class SenderQueue {
  readonly #byNonce = new Map<bigint, Waiting>();
  #next: bigint;
  #ready = 0;
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

  get ready(): number {
    return this.#ready;
  }

  /** Sum of the values that wait, wei. */
  get value(): bigint {
    return this.#value;
  }

  /** Nonce after the last transaction without a gap. */
  get pendingNonce(): bigint {
    return this.#next + BigInt(this.#ready);
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
    this.#value += value - (before?.transaction.value ?? 0n);
    this.#extend();
    return before;
  }

  remove(nonce: bigint): Waiting | undefined {
    const waiting = this.#byNonce.get(nonce);
    if (waiting === undefined) return undefined;
    this.#byNonce.delete(nonce);
    this.#value -= waiting.transaction.value;
    if (nonce >= this.#next && nonce < this.pendingNonce) this.#ready = Number(nonce - this.#next);
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
    this.#next = next;
    this.#ready = 0;
    this.#extend();
    return late;
  }

  /** The transaction with the highest nonce, if there is a gap before it. */
  lastQueued(): Waiting | undefined {
    if (this.#byNonce.size === this.#ready) return undefined;
    let last: Waiting | undefined;
    for (const waiting of this.#byNonce.values()) {
      if (last === undefined || waiting.transaction.nonce > last.transaction.nonce) last = waiting;
    }
    return last;
  }

  #extend(): void {
    while (this.#byNonce.has(this.pendingNonce)) this.#ready++;
  }
}
