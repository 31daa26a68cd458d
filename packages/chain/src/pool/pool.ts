import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { type ProofOfWork, unsealWork } from "@tributary/protocol/gasless/proof-of-work";
import type { PoolEntry, TransactionPool } from "@tributary/protocol/ports/execution";
import { isDelegation } from "../executor/authorizations.ts";
import {
  checkGas,
  checkSender,
  feeTooLow,
  insufficientFunds,
  nonceTooLow,
  type SenderAccount,
} from "../executor/validate.ts";
import type { Priorities } from "../rules/priority-storage.ts";
import { toKey } from "../store/key.ts";
import type { TransactionDecoder } from "../transaction/decoder.ts";
import { intrinsicGas } from "../transaction/intrinsic-gas.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { CreditBook, type Use } from "./credit-book.ts";
import { DEFAULT_GASLESS, type GaslessSettings, type GaslessTerms } from "./gasless.ts";
import { DEFAULT_POOL_LIMITS, type PoolChain, type PoolLimits } from "./pool-environment.ts";
import { type LoggedTransaction, PoolLog } from "./pool-log.ts";
import type { PoolStatus } from "./pool-status.ts";
import { byPrecedence, laneOf, type Ranking, type Standing } from "./precedence.ts";
import { type PoolRoom, Room } from "./room.ts";
import type { Waiting } from "./sender-queue.ts";
import { Senders } from "./senders.ts";
import { alreadyKnown, costOfOthers, judgeSize, lastOfLongest, noRoom, poolFull, pricedOut } from "./taking-in.ts";
import { checkWork, difficulty } from "./work-desk.ts";

/** A replacement must offer so many percent more, in fee cap and in tip. */
const PRICE_BUMP_PERCENT = 10n;

/** Who brought a transaction: what another member or the log brings was taken in once under terms that may have changed. */
type Source = "client" | "member" | "log";

type Newcomer = {
  readonly transaction: Transaction;
  readonly key: string;
  readonly senderKey: string;
  readonly sealed: Uint8Array;
  readonly proof: ProofOfWork | undefined;
  readonly source: Source;
};

type Admission =
  | { readonly ok: true; readonly waiting: Waiting }
  | { readonly ok: false; readonly rejection: Rejection; readonly known?: Waiting };

function bumped(price: bigint): bigint {
  const least = (price * (100n + PRICE_BUMP_PERCENT) + 99n) / 100n;
  return least > price ? least : price + 1n;
}

/**
 * Transactions that wait at this member.
 *
 * Lanes: those that come without history or a proof of work, and those that come with a proof, have rooms that end
 * before the pool does. The fuller the room for proofs, the more work a newcomer must show.
 *
 * Eviction: a waiting transaction that could be executed is never dropped for another one. When the pool is full, a
 * newcomer that can be executed takes the place of the highest nonce of the sender with the most transactions behind a
 * gap, or of one that offers less than the base fee; without such a one, and for newcomers that cannot be executed
 * themselves, the answer is "txpool is full".
 */
export class Pool implements TransactionPool {
  readonly #chain: PoolChain;
  readonly #decoder: TransactionDecoder;
  readonly #limits: PoolLimits;
  readonly #gasless: GaslessSettings;
  readonly #book: CreditBook;
  readonly #room: Room;
  readonly #senders = new Senders();
  readonly #byHash = new Map<string, Waiting>();
  readonly #arrivalListeners = new Set<(entries: readonly PoolEntry[]) => void>();
  readonly #acceptListeners = new Set<(transaction: Transaction) => void>();
  #log: PoolLog | undefined;
  /** The least offer that was asked for when a block was certified last, wei a gas. */
  #asked = 0n;
  /** Heights with transactions that this pool saw. */
  #heights = 0;

  private constructor(
    chain: PoolChain,
    decoder: TransactionDecoder,
    limits: PoolLimits,
    gasless: GaslessSettings,
    book: CreditBook,
  ) {
    this.#chain = chain;
    this.#decoder = decoder;
    this.#limits = limits;
    this.#gasless = gasless;
    this.#book = book;
    this.#room = new Room({ ...limits, blockGas: chain.gasLimit });
  }

  /** A pool with its log at `path`, filled with what survived; without a path nothing survives. */
  static async open(
    chain: PoolChain,
    decoder: TransactionDecoder,
    path: string | undefined,
    limits: PoolLimits = DEFAULT_POOL_LIMITS,
    gasless: GaslessSettings = DEFAULT_GASLESS,
    book: CreditBook = new CreditBook(gasless),
  ): Promise<Pool> {
    const pool = new Pool(chain, decoder, limits, gasless, book);
    if (path === undefined) return pool;
    const { log, records } = await PoolLog.open(path, () => pool.#live());
    pool.#log = log;
    for (const { raw, age } of records) pool.#take(raw, age, "log");
    return pool;
  }

  /** Resolves once the transaction is in the log: from then on it is acknowledged and survives kill -9. */
  async add(
    bytes: Uint8Array,
  ): Promise<
    | { readonly kind: "accepted"; readonly hash: Uint8Array }
    | { readonly kind: "rejected"; readonly rejection: Rejection }
  > {
    const admission = this.#take(bytes, 0, "client");
    if (!admission.ok) return { kind: "rejected", rejection: admission.rejection };
    const { transaction, sealed } = admission.waiting;
    await this.#log?.append({ raw: sealed, age: 0 });
    return { kind: "accepted", hash: transaction.hash };
  }

  accept(bytes: Uint8Array, age: number): PoolEntry["hash"] | undefined {
    const admission = this.#take(bytes, age, "member");
    return admission.ok ? admission.waiting.hash : admission.known?.hash;
  }

  has(hash: PoolEntry["hash"]): boolean {
    const bytes = fromHex(hash);
    return bytes !== undefined && this.#byHash.has(toKey(bytes));
  }

  /** An entry's age and lane are as of this look. */
  *executable(): Iterable<PoolEntry> {
    const { time, gasLimit: blockGas } = this.#chain;
    const priorities = this.#chain.priorities();
    const ranking: Ranking = {
      standing: ({ transaction, senderKey }) => this.#standing(transaction.sender, senderKey, priorities),
      debt: (sponsor) => this.#book.debt(sponsor, time),
      fees: this.#chain.fees(),
      blockGas,
    };
    for (const waiting of byPrecedence(this.#senders.values(), ranking)) {
      waiting.age = this.#heights - waiting.born;
      yield waiting;
    }
  }

  *ready(): Iterable<PoolEntry> {
    for (const { ready } of this.#senders.values()) {
      for (const waiting of ready) {
        waiting.age = this.#heights - waiting.born;
        yield waiting;
      }
    }
  }

  /** A block was certified: what it used counts against its senders' credit. */
  charge(time: number, uses: Iterable<Use>): void {
    this.#book.observe(time, uses);
  }

  terms(): GaslessTerms {
    return {
      hashesPerGas: difficulty(this.#gasless, this.#room.fill("work")),
      proofSeconds: this.#gasless.proofSeconds,
      room: this.#room.short,
    };
  }

  /** Whether the account has history here, what it owes, and the priority that it has. */
  standing(address: Uint8Array): Standing {
    return this.#standingOf(address, toKey(address), this.#chain.account(address).nonce, this.#chain.priorities());
  }

  committed(transactions: readonly OrderedTransaction[]): void {
    let delegations = false;
    for (const { raw, mark } of transactions) {
      if (mark === "left-out") continue;
      const decoded = this.#decoder.decode(raw);
      if (!decoded.ok) continue;
      const { sender, nonce, type } = decoded.transaction;
      const key = toKey(sender);
      const queue = this.#senders.get(key);
      if (mark === "executed") {
        delegations ||= type === 4;
        if (queue !== undefined) this.#forget(queue.advance(nonce + 1n));
      } else {
        const waiting = this.#byHash.get(toKey(decoded.transaction.hash));
        if (queue !== undefined && waiting !== undefined) this.#forget([this.#senders.remove(queue, nonce)]);
      }
      if (queue !== undefined) this.#senders.tidy(key, queue);
    }
    if (delegations) this.#refresh();
    if (transactions.length > 0) this.#heights++;
    this.#dropUnpaid();
  }

  onArrival(listener: (entries: readonly PoolEntry[]) => void): void {
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

  /** Of so many of them, in the order in which they came. */
  hashes(count: number): readonly PoolEntry["hash"][] {
    return [...this.#byHash.values().take(count)].map(({ hash }) => hash);
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
    return { pending, queued: this.#byHash.size - pending, bytes: this.#room.bytes };
  }

  /** All that waits, as the log holds it. */
  waiting(): readonly LoggedTransaction[] {
    return [...this.#live()];
  }

  /** The chain was taken back: from now on this waits and nothing else, in the log too. */
  async restore(waiting: readonly LoggedTransaction[]): Promise<void> {
    this.#forget([...this.#byHash.values()]);
    this.#senders.clear();
    for (const { raw, age } of waiting) this.#take(raw, age, "log");
    await this.#log?.renew();
  }

  /** Waits for the log; what was acknowledged is durable already. */
  async close(): Promise<void> {
    await this.#log?.close();
  }

  #take(bytes: Uint8Array, age: number, source: Source): Admission {
    const { raw, proof } = unsealWork(bytes);
    const decoded = this.#decoder.decode(raw);
    if (!decoded.ok) return decoded;
    const { transaction } = decoded;
    // A copy: the bytes may be a view on a message of megabytes.
    const sealed = proof === undefined ? transaction.raw : new Uint8Array(bytes);
    const key = toKey(transaction.hash);
    const newcomer = { transaction, key, senderKey: toKey(transaction.sender), sealed, proof, source };
    const known = this.#byHash.get(key);
    if (known === undefined) return this.#admit(newcomer, age);
    known.born = Math.min(known.born, this.#heights - age);
    return this.#strengthen(known, newcomer);
  }

  /** What waits already may still get a proof of work. */
  #strengthen(known: Waiting, newcomer: Newcomer): Admission {
    if (newcomer.proof === undefined || known.hashes > 0) return { ok: false, rejection: alreadyKnown, known };
    const lane = this.#laneFor(newcomer);
    if (!lane.ok) return { ...lane, known };
    this.#room.leave(known);
    known.hashes = lane.hashes;
    known.sealed = newcomer.sealed;
    known.room = "work";
    this.#room.enter(known);
    this.#arrived([known]);
    return { ok: true, waiting: known };
  }

  #admit(newcomer: Newcomer, age: number): Admission {
    const { transaction, key, senderKey, sealed } = newcomer;
    const lane = this.#laneFor(newcomer);
    if (!lane.ok) return lane;
    const account = this.#chain.account(transaction.sender);
    const rejection = this.#judge(newcomer, account, lane.room);
    if (rejection !== undefined) return { ok: false, rejection };
    const queue = this.#senders.open(senderKey, account.nonce);
    const waiting: Waiting = {
      transaction,
      key,
      senderKey,
      hash: toHex(transaction.hash),
      sender: toHex(transaction.sender),
      raw: transaction.raw,
      // Others would not take it with a proof that counts no longer.
      sealed: lane.hashes > 0 ? sealed : transaction.raw,
      gas: Number(transaction.gasLimit),
      age,
      born: this.#heights - age,
      hashes: lane.hashes,
      lane: lane.room === "sponsored" ? "history" : lane.room,
      room: lane.room,
      sponsor: lane.sponsor,
    };
    const readyBefore = queue.ready.length;
    const replaced = this.#senders.put(queue, waiting);
    if (replaced !== undefined) this.#forget([replaced]);
    this.#byHash.set(key, waiting);
    this.#room.enter(waiting);
    for (const listener of this.#acceptListeners) listener(transaction);
    if (queue.ready.length > readyBefore) this.#arrived(queue.ready.slice(readyBefore));
    else if (replaced !== undefined && queue.ready.includes(waiting)) this.#arrived([waiting]);
    return { ok: true, waiting };
  }

  #arrived(entries: readonly Waiting[]): void {
    for (const waiting of entries) waiting.age = this.#heights - waiting.born;
    for (const listener of this.#arrivalListeners) listener(entries);
  }

  #standing(sender: Uint8Array, key: string, priorities: Priorities | undefined): Standing {
    const next = this.#senders.get(key)?.next ?? this.#chain.account(sender).nonce;
    return this.#standingOf(sender, key, next, priorities);
  }

  #standingOf(address: Uint8Array, key: string, next: bigint, priorities: Priorities | undefined): Standing {
    const { time } = this.#chain;
    const standing = { history: this.#book.hasHistory(key, next, time), debt: this.#book.debt(key, time) };
    const rate = priorities?.(address) ?? 0;
    return rate === 0 ? standing : { ...standing, priority: { rate, left: this.#book.priority(key, rate, time) } };
  }

  /** The room of a newcomer that nobody sponsors and that shows no work. */
  #roomFor({ transaction, senderKey }: Newcomer): PoolRoom {
    const fees = this.#chain.fees();
    const standing = this.#standing(transaction.sender, senderKey, this.#chain.priorities());
    if (standing.priority !== undefined) {
      let gas = Number(transaction.gasLimit);
      for (const waiting of this.#senders.get(senderKey)?.all() ?? []) gas += waiting.gas;
      if (gas <= standing.priority.left && this.#room.fits(transaction.raw.length, "priority")) return "priority";
    }
    // Who pays may fill the pool, and nobody else gets in by other means than the owner's.
    return fees.ordinary ? "history" : laneOf({ hashes: 0, sponsor: undefined }, standing);
  }

  /** The lane by which a newcomer asks for room, and the hashes that its proof shows. */
  #laneFor(newcomer: Newcomer):
    | {
        readonly ok: true;
        readonly hashes: number;
        readonly room: PoolRoom;
        readonly sponsor: string | undefined;
      }
    | { readonly ok: false; readonly rejection: Rejection } {
    const { transaction, proof, source } = newcomer;
    const sponsor = this.#chain.sponsor(transaction);
    const room = sponsor === undefined ? this.#roomFor(newcomer) : "sponsored";
    const without = { ok: true, hashes: 0, room, sponsor } as const;
    if (proof === undefined) return without;
    const { hashesPerGas, proofSeconds } = this.#gasless;
    // Whoever took it in asked for what its own load asked for; on its way here the block grew older.
    const asked = source === "client" ? difficulty(this.#gasless, this.#room.fill("work")) : hashesPerGas;
    const seconds = source === "client" ? proofSeconds : 2 * proofSeconds;
    const shown = checkWork(transaction, proof, this.#chain, asked, seconds);
    if (shown.ok) return { ok: true, hashes: shown.hashes, room: "work", sponsor: undefined };
    // It was acknowledged: an old proof, or a difficulty set anew, costs it its lane and no more.
    return source === "log" ? without : shown;
  }

  #judge(newcomer: Newcomer, account: SenderAccount, room: PoolRoom): Rejection | undefined {
    const { transaction } = newcomer;
    const { sender, nonce } = transaction;
    return (
      judgeSize(transaction, this.#chain) ??
      checkGas(transaction, intrinsicGas(transaction)) ??
      (nonce < account.nonce ? nonceTooLow(account.nonce, nonce) : undefined) ??
      checkSender(sender, account.code) ??
      this.#chain.forbids(transaction) ??
      this.#judgeAmongOthers(newcomer, account, room)
    );
  }

  #judgeAmongOthers(newcomer: Newcomer, account: SenderAccount, room: PoolRoom): Rejection | undefined {
    const { transaction, senderKey, source } = newcomer;
    const { nonce } = transaction;
    let queue = this.#senders.get(senderKey);
    if (queue !== undefined && account.nonce > queue.next) {
      this.#forget(queue.advance(account.nonce));
      if (this.#senders.tidy(senderKey, queue)) queue = undefined;
    }
    const replaced = queue?.at(nonce)?.transaction;
    const fees = this.#chain.fees();
    const fee = fees.of(transaction);
    if (fee === undefined) return feeTooLow(transaction, fees.asked);
    const others = costOfOthers(queue, replaced, fees);
    const cost = others + transaction.value + transaction.gasLimit * fee.reserve;
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
    const executable = !fee.waits && nonce === (queue?.pendingNonce ?? account.nonce);
    return this.#makeRoom(transaction.raw.length, executable, room, source);
  }

  #makeRoom(bytes: number, executable: boolean, lane: PoolRoom, source: Source): Rejection | undefined {
    // What was acknowledged before a restart keeps its place.
    const inLane = (): boolean => source === "log" || this.#room.fits(bytes, lane);
    for (;;) {
      if (inLane() && this.#room.fits(bytes)) return undefined;
      const crowded = inLane() ? undefined : lane;
      const victim = executable
        ? (lastOfLongest(this.#senders.gapped, crowded) ??
          pricedOut(this.#senders.values(), crowded, this.#chain.fees()))
        : undefined;
      const queue = victim === undefined ? undefined : this.#senders.get(victim.senderKey);
      if (victim === undefined || queue === undefined) return crowded === "fresh" ? noRoom : poolFull;
      this.#forget([this.#senders.remove(queue, victim.transaction.nonce)]);
      this.#senders.tidy(victim.senderKey, queue);
    }
  }

  /** Nonces may have moved without a transaction of the account itself. */
  #refresh(): void {
    for (const queue of [...this.#senders.values()]) {
      for (const { transaction, senderKey } of queue.all()) {
        this.#forget(queue.advance(this.#chain.account(transaction.sender).nonce));
        this.#senders.tidy(senderKey, queue);
        break;
      }
    }
  }

  /** Where the owner raised the floor of ordinary fees: what offers less has no turn, and heights would run for it. */
  #dropUnpaid(): void {
    const fees = this.#chain.fees();
    const raised = fees.ordinary && fees.asked > this.#asked;
    this.#asked = fees.asked;
    if (!raised) return;
    for (const { transaction, senderKey } of [...this.#byHash.values()]) {
      if (fees.of(transaction) !== undefined) continue;
      const queue = this.#senders.get(senderKey);
      if (queue === undefined) continue;
      this.#forget([this.#senders.remove(queue, transaction.nonce)]);
      this.#senders.tidy(senderKey, queue);
    }
  }

  #forget(gone: readonly (Waiting | undefined)[]): void {
    for (const waiting of gone) {
      if (waiting === undefined) continue;
      if (this.#byHash.delete(waiting.key)) this.#room.leave(waiting);
    }
  }

  *#live(): Iterable<LoggedTransaction> {
    for (const { sealed, born } of this.#byHash.values()) yield { raw: sealed, age: this.#heights - born };
  }
}
