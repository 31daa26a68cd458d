import { toHex } from "@tributary/protocol/bytes/hex";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import type { PoolEntry, TransactionPool } from "@tributary/protocol/ports/execution";
import { isDelegation } from "../executor/authorizations.ts";
import { checkGas, checkSender, insufficientFunds, nonceTooLow, type SenderAccount } from "../executor/validate.ts";
import { toKey } from "../store/key.ts";
import type { TransactionDecoder } from "../transaction/decoder.ts";
import { intrinsicGas } from "../transaction/intrinsic-gas.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { type LoggedTransaction, PoolLog } from "./pool-log.ts";
import type { PoolStatus } from "./pool-status.ts";
import { SenderQueue, type Waiting } from "./sender-queue.ts";

export type PoolLimits = {
  /** Waiting transactions. */
  readonly count: number;
  /** Bytes of waiting transactions on the wire. */
  readonly bytes: number;
  /** Waiting transactions of one sender. */
  readonly perAccount: number;
};

export const DEFAULT_POOL_LIMITS: PoolLimits = { count: 20_000, bytes: 64 * 1024 * 1024, perAccount: 1_024 };

/** A replacement must offer so many percent more, in fee cap and in tip. */
const PRICE_BUMP_PERCENT = 10n;

/** What the pool needs to know of the chain. */
export interface PoolChain {
  /** The account after the newest certified block. */
  account(address: Uint8Array): SenderAccount;
  /** G of the next block. */
  readonly gasLimit: number;
  /** B. */
  readonly byteLimit: number;
}

type Admission =
  | { readonly ok: true; readonly waiting: Waiting }
  | { readonly ok: false; readonly rejection: Rejection };

function bumped(price: bigint): bigint {
  const least = (price * (100n + PRICE_BUMP_PERCENT) + 99n) / 100n;
  return least > price ? least : price + 1n;
}

/**
 * Transactions that wait at this member.
 *
 * Eviction: a waiting transaction that could be executed is never dropped for another one. When the pool is full, a
 * newcomer that can be executed takes the place of the highest nonce of the sender with the most transactions behind a
 * gap; without such a sender, and for newcomers behind a gap themselves, the answer is "txpool is full".
 */
export class Pool implements TransactionPool {
  readonly #chain: PoolChain;
  readonly #decoder: TransactionDecoder;
  readonly #limits: PoolLimits;
  readonly #senders = new Map<string, SenderQueue>();
  readonly #byHash = new Map<string, Waiting>();
  readonly #arrivalListeners = new Set<() => void>();
  readonly #acceptListeners = new Set<(transaction: Transaction) => void>();
  #log: PoolLog | undefined;
  #bytes = 0;
  /** Heights with transactions that this pool saw. */
  #heights = 0;

  private constructor(chain: PoolChain, decoder: TransactionDecoder, limits: PoolLimits) {
    this.#chain = chain;
    this.#decoder = decoder;
    this.#limits = limits;
  }

  /** A pool with its log at `path`, filled with what survived; without a path nothing survives. */
  static async open(
    chain: PoolChain,
    decoder: TransactionDecoder,
    path: string | undefined,
    limits: PoolLimits = DEFAULT_POOL_LIMITS,
  ): Promise<Pool> {
    const pool = new Pool(chain, decoder, limits);
    if (path === undefined) return pool;
    const { log, records } = await PoolLog.open(path, () => pool.#live());
    pool.#log = log;
    for (const { raw, age } of records) pool.accept(raw, age);
    return pool;
  }

  /** Resolves once the transaction is in the log: from then on it is acknowledged and survives kill -9. */
  async add(
    raw: Uint8Array,
  ): Promise<
    | { readonly kind: "accepted"; readonly hash: Uint8Array }
    | { readonly kind: "rejected"; readonly rejection: Rejection }
  > {
    const admission = this.#admit(raw, 0);
    if (!admission.ok) return { kind: "rejected", rejection: admission.rejection };
    const { transaction } = admission.waiting;
    await this.#log?.append({ raw: transaction.raw, age: 0 });
    return { kind: "accepted", hash: transaction.hash };
  }

  accept(raw: Uint8Array, age: number): void {
    const admission = this.#admit(raw, age);
    if (admission.ok || admission.rejection.code !== "already-known") return;
    const decoded = this.#decoder.decode(raw);
    const known = decoded.ok ? this.#byHash.get(toKey(decoded.transaction.hash)) : undefined;
    if (known !== undefined) known.born = Math.min(known.born, this.#heights - age);
  }

  /**
   * Round by round over the senders, so that none of them crowds the others out of a proposal. An entry's age is as of
   * this look.
   */
  *executable(): Iterable<PoolEntry> {
    let queues = [...this.#senders.values()].filter(({ ready }) => ready.length > 0);
    for (let round = 0; queues.length > 0; round++) {
      for (const queue of queues) {
        const waiting = queue.ready[round];
        if (waiting === undefined) continue;
        waiting.age = this.#heights - waiting.born;
        yield waiting;
      }
      queues = queues.filter(({ ready }) => ready.length > round + 1);
    }
  }

  committed(transactions: readonly OrderedTransaction[]): void {
    let delegations = false;
    for (const { raw, mark } of transactions) {
      if (mark === "left-out") continue;
      const decoded = this.#decoder.decode(raw);
      if (!decoded.ok) continue;
      const { sender, nonce, type } = decoded.transaction;
      const queue = this.#senders.get(toKey(sender));
      if (mark === "executed") {
        delegations ||= type === 4;
        if (queue !== undefined) this.#forget(queue.advance(nonce + 1n));
      } else {
        const waiting = this.#byHash.get(toKey(decoded.transaction.hash));
        if (queue !== undefined && waiting !== undefined) this.#forget([queue.remove(nonce)]);
      }
      if (queue !== undefined) this.#tidy(sender, queue);
    }
    if (delegations) this.#refresh();
    if (transactions.length > 0) this.#heights++;
  }

  onArrival(listener: () => void): void {
    this.#arrivalListeners.add(listener);
  }

  /** Called for each transaction newly taken in. */
  onAccepted(listener: (transaction: Transaction) => void): () => void {
    this.#acceptListeners.add(listener);
    return () => this.#acceptListeners.delete(listener);
  }

  get(hash: Uint8Array): Transaction | undefined {
    return this.#byHash.get(toKey(hash))?.transaction;
  }

  all(): readonly Transaction[] {
    return [...this.#byHash.values()].map(({ transaction }) => transaction);
  }

  /** Nonce after the sender's transactions that wait without a gap. */
  pendingNonce(address: Uint8Array): bigint {
    const next = this.#chain.account(address).nonce;
    const queue = this.#senders.get(toKey(address));
    return queue === undefined || queue.pendingNonce < next ? next : queue.pendingNonce;
  }

  status(): PoolStatus {
    let pending = 0;
    for (const { ready } of this.#senders.values()) pending += ready.length;
    return { pending, queued: this.#byHash.size - pending, bytes: this.#bytes };
  }

  /** Waits for the log; what was acknowledged is durable already. */
  async close(): Promise<void> {
    await this.#log?.close();
  }

  #admit(raw: Uint8Array, age: number): Admission {
    const decoded = this.#decoder.decode(raw);
    if (!decoded.ok) return decoded;
    const { transaction } = decoded;
    const rejection = this.#judge(transaction);
    if (rejection !== undefined) return { ok: false, rejection };
    const { sender, hash } = transaction;
    const key = toKey(sender);
    const queue = this.#senders.get(key) ?? new SenderQueue(this.#chain.account(sender).nonce);
    this.#senders.set(key, queue);
    const waiting: Waiting = {
      ...{ transaction, hash: toHex(hash), sender: toHex(sender), raw: transaction.raw },
      ...{ gas: Number(transaction.gasLimit), age, born: this.#heights - age },
    };
    const readyBefore = queue.ready.length;
    const replaced = queue.put(waiting);
    if (replaced !== undefined) this.#forget([replaced]);
    this.#byHash.set(toKey(hash), waiting);
    this.#bytes += transaction.raw.length;
    for (const listener of this.#acceptListeners) listener(transaction);
    if (queue.ready.length > readyBefore || replaced !== undefined)
      for (const listener of this.#arrivalListeners) listener();
    return { ok: true, waiting };
  }

  #judge(transaction: Transaction): Rejection | undefined {
    if (this.#byHash.has(toKey(transaction.hash))) return { code: "already-known", message: "already known" };
    const { gasLimit: blockGas, byteLimit } = this.#chain;
    const { sender, nonce, gasLimit, raw } = transaction;
    if (raw.length > byteLimit) {
      return { code: "oversized", message: `oversized data: transaction size ${raw.length}, limit ${byteLimit}` };
    }
    if (gasLimit > BigInt(blockGas)) {
      return {
        code: "block-gas-limit",
        message: `gas limit reached: exceeds block gas limit: gas ${gasLimit}, limit ${blockGas}`,
      };
    }
    const account = this.#chain.account(sender);
    return (
      checkGas(transaction, intrinsicGas(transaction)) ??
      (nonce < account.nonce ? nonceTooLow(account.nonce, nonce) : undefined) ??
      checkSender(sender, account.code) ??
      this.#judgeAmongOthers(transaction, account)
    );
  }

  #judgeAmongOthers(transaction: Transaction, account: SenderAccount): Rejection | undefined {
    const { sender, nonce, value } = transaction;
    let queue = this.#senders.get(toKey(sender));
    if (queue !== undefined) {
      this.#forget(queue.advance(account.nonce));
      this.#tidy(sender, queue);
      queue = this.#senders.get(toKey(sender));
    }
    const replaced = queue?.at(nonce)?.transaction;
    const cost = (queue?.value ?? 0n) - (replaced?.value ?? 0n) + value;
    if (cost > account.balance) return insufficientFunds(account.balance, cost);
    if (replaced !== undefined) {
      const enough =
        transaction.maxFeePerGas >= bumped(replaced.maxFeePerGas) &&
        transaction.maxPriorityFeePerGas >= bumped(replaced.maxPriorityFeePerGas);
      if (enough) return undefined;
      return { code: "underpriced-replacement", message: "replacement transaction underpriced" };
    }
    if (isDelegation(account.code) && ((queue?.size ?? 0) > 0 || nonce > account.nonce)) {
      return {
        code: "delegated-in-flight",
        message: "in-flight transaction limit reached for delegated accounts",
      };
    }
    if ((queue?.size ?? 0) >= this.#limits.perAccount) {
      return {
        code: "account-limit",
        message: `account limit exceeded: ${this.#limits.perAccount} transactions of this sender wait`,
      };
    }
    const executable = nonce === (queue?.pendingNonce ?? account.nonce);
    return this.#makeRoom(transaction.raw.length, executable);
  }

  #makeRoom(bytes: number, executable: boolean): Rejection | undefined {
    const full = (): boolean => this.#byHash.size >= this.#limits.count || this.#bytes + bytes > this.#limits.bytes;
    while (full()) {
      const victim = executable ? this.#longestQueue() : undefined;
      const last = victim?.lastQueued();
      if (victim === undefined || last === undefined) return { code: "pool-full", message: "txpool is full" };
      this.#forget([victim.remove(last.transaction.nonce)]);
      this.#tidy(last.transaction.sender, victim);
    }
    return undefined;
  }

  #longestQueue(): SenderQueue | undefined {
    let longest: SenderQueue | undefined;
    for (const queue of this.#senders.values()) {
      const queued = queue.size - queue.ready.length;
      if (queued > 0 && (longest === undefined || queued > longest.size - longest.ready.length)) longest = queue;
    }
    return longest;
  }

  /** Nonces may have moved without a transaction of the account itself. */
  #refresh(): void {
    for (const queue of [...this.#senders.values()]) {
      for (const { transaction } of queue.all()) {
        this.#forget(queue.advance(this.#chain.account(transaction.sender).nonce));
        this.#tidy(transaction.sender, queue);
        break;
      }
    }
  }

  #tidy(sender: Uint8Array, queue: SenderQueue): void {
    if (queue.size === 0) this.#senders.delete(toKey(sender));
  }

  #forget(gone: readonly (Waiting | undefined)[]): void {
    for (const waiting of gone) {
      if (waiting === undefined) continue;
      if (this.#byHash.delete(toKey(waiting.transaction.hash))) this.#bytes -= waiting.transaction.raw.length;
    }
  }

  *#live(): Iterable<LoggedTransaction> {
    for (const { transaction, born } of this.#byHash.values()) {
      yield { raw: transaction.raw, age: this.#heights - born };
    }
  }
}
