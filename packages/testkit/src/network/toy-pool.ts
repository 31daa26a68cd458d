import type { PoolEntry, TransactionPool } from "@tributary/node/consensus/ports";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { decodeToyTransaction, type ToyTransaction } from "./toy-transaction.ts";

type Waiting = { readonly transaction: ToyTransaction; age: number };

/** Transactions that clients gave to this member: acknowledged, hence on disk. */
export class PoolDisk {
  readonly acknowledged: Map<string, Uint8Array> = new Map();
}

/** A pool without limits: what the simulator's clients send is little. */
export class ToyPool implements TransactionPool {
  readonly #disk: PoolDisk;
  readonly #nonceOf: (sender: string) => bigint;
  readonly #heard: (transactions: readonly OrderedTransaction[]) => void;
  readonly #waiting = new Map<string, Waiting>();
  #arrived: (entries: readonly PoolEntry[]) => void = () => {};

  /** `heard`: is told of every committed container. */
  constructor(
    disk: PoolDisk,
    nonceOf: (sender: string) => bigint,
    heard: (transactions: readonly OrderedTransaction[]) => void,
  ) {
    this.#disk = disk;
    this.#nonceOf = nonceOf;
    this.#heard = heard;
    for (const raw of disk.acknowledged.values()) this.#add(raw, 0);
    this.#drop();
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** A client's transaction: acknowledged when this returns. */
  submit(raw: Uint8Array): void {
    const transaction = decodeToyTransaction(raw);
    if (transaction === undefined) throw new Error("a client sent garbage");
    this.#disk.acknowledged.set(transaction.hash, raw);
    this.#add(raw, 0);
    this.#arrived([...this.executable()]);
  }

  accept(raw: Uint8Array, age: number): PoolEntry["hash"] | undefined {
    if (this.#add(raw, age)) this.#arrived([...this.executable()]);
    const hash = decodeToyTransaction(raw)?.hash;
    return hash !== undefined && this.#waiting.has(hash) ? hash : undefined;
  }

  has(hash: PoolEntry["hash"]): boolean {
    return this.#waiting.has(hash);
  }

  ready(): Iterable<PoolEntry> {
    return this.executable();
  }

  *executable(): Iterable<PoolEntry> {
    const next = new Map<string, bigint>();
    const entries = [...this.#waiting.values()].sort((a, b) => Number(a.transaction.nonce - b.transaction.nonce));
    for (const { transaction, age } of entries) {
      const { sender, nonce, hash, raw, gasLimit } = transaction;
      const expected = next.get(sender) ?? this.#nonceOf(sender);
      if (nonce !== expected) continue;
      next.set(sender, nonce + 1n);
      yield {
        hash,
        sender: sender as PoolEntry["sender"],
        raw,
        gas: Number(gasLimit),
        age,
        lane: "history",
        sealed: raw,
      };
    }
  }

  committed(transactions: readonly OrderedTransaction[]): void {
    this.#heard(transactions);
    this.#drop();
    if (transactions.length === 0) return;
    for (const waiting of this.#waiting.values()) waiting.age += 1;
  }

  onArrival(listener: (entries: readonly PoolEntry[]) => void): void {
    this.#arrived = listener;
  }

  #add(raw: Uint8Array, age: number): boolean {
    const transaction = decodeToyTransaction(raw);
    if (transaction === undefined || transaction.nonce < this.#nonceOf(transaction.sender)) return false;
    const known = this.#waiting.get(transaction.hash);
    if (known !== undefined) {
      known.age = Math.max(known.age, age);
      return false;
    }
    this.#waiting.set(transaction.hash, { transaction, age });
    return true;
  }

  #drop(): void {
    for (const [hash, { transaction }] of this.#waiting) {
      if (transaction.nonce < this.#nonceOf(transaction.sender)) this.#waiting.delete(hash);
    }
  }
}
