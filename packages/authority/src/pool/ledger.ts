import type { Address } from "viem";
import { isDone, type Job, type JobFailure, type Receipt } from "../job.ts";
import {
  claimSigner,
  clearSlots,
  deleteSlot,
  insertAttempt,
  insertJob,
  putSigner,
  putSlot,
  releaseSigner,
  updateJob,
} from "../store/changes.ts";
import type { Sql } from "../store/engine.ts";
import { eventsOf } from "../store/events.ts";
import type { JobStore } from "../store/job-store.ts";
import type { Attempt, Settlement, SignerRecord } from "../store/records.ts";
import { allowance, type SpendingLimit, spent } from "./allowance.ts";
import { changed, released, SUPERSEDED } from "./job-change.ts";
import { JobQueue, type RouteRoom } from "./job-queue.ts";
import { RouteBook, type RouteLimits } from "./route-book.ts";
import { newest, recordOf, type Slot, slotOf } from "./slot.ts";

/** One signer's row and its slots that are not final, by nonce. */
export type Account = { record: SignerRecord; readonly slots: Map<number, Slot> };

/** `wei`: what it may cost. */
export type Bound = { readonly job: Job; readonly attempt: Attempt; readonly wei: bigint };

export type Settled = { readonly slot: Slot; readonly receipt: Receipt; readonly failure?: JobFailure };

/**
 * What the pool knows, in memory and in the store. Each method that changes something is one database transaction first
 * and a change in memory after it, so that what anybody acts on is durable; nothing is broadcast that is not in here.
 * Changes happen one after the other: what one is made of cannot grow old while the database works on another.
 */
export class Ledger {
  readonly accounts: Map<Address, Account> = new Map();
  readonly queue: JobQueue = new JobQueue();
  readonly #store: JobStore;
  /** Jobs that are not done. */
  readonly #open = new Map<string, Job>();
  readonly #listeners = new Set<(job: Job) => void>();
  readonly #routes: RouteBook;
  readonly #spendingLimit: SpendingLimit | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    store: JobStore,
    routes: Readonly<Record<string, RouteLimits>>,
    spendingLimit: SpendingLimit | undefined,
  ) {
    this.#store = store;
    this.#routes = new RouteBook(routes);
    this.#spendingLimit = spendingLimit;
  }

  static async open(
    store: JobStore,
    routes: Readonly<Record<string, RouteLimits>>,
    spendingLimit: SpendingLimit | undefined,
  ): Promise<Ledger> {
    const ledger = new Ledger(store, routes, spendingLimit);
    await ledger.load();
    return ledger;
  }

  /** Takes over what the store has for this server and the memory has not. */
  async load(): Promise<void> {
    await this.#alone(async () => {
      for (const record of await this.#store.signers()) {
        if (!this.accounts.has(record.address)) this.accounts.set(record.address, { record, slots: new Map() });
      }
      for (const job of await this.#store.openJobs()) {
        if (this.#open.has(job.id)) continue;
        this.#put(job);
        if (job.state === "queued") this.queue.add(job);
      }
      // An earlier process may have broadcast whatever it had signed.
      for (const record of await this.#store.openSlots()) {
        const slots = this.accounts.get(record.signer)?.slots;
        if (slots?.has(record.nonce) === false) slots.set(record.nonce, slotOf(record, true));
      }
    });
  }

  /** Resolves when no change is under way. */
  async idle(): Promise<void> {
    await this.#alone(async () => undefined);
  }

  get openJobs(): number {
    return this.#open.size;
  }

  /** Whether the route has as many open jobs as it may, `arriving` ones counted. */
  isFull(route: string, arriving: number): boolean {
    return this.#routes.isFull(route, arriving);
  }

  /** Transactions that the route may still have on their way. */
  readonly routeRoom: RouteRoom = (route) => this.#routes.room(route, this.queue.waiting(route));

  async gasSince(time: number, owner: string): Promise<bigint> {
    return await this.#store.gasSince(time, owner);
  }

  get open(): Iterable<Job> {
    return this.#open.values();
  }

  watch(listener: (job: Job) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One that this server has and that is not done. */
  openJob(id: string): Job | undefined {
    return this.#open.get(id);
  }

  async job(id: string): Promise<Job | undefined> {
    return this.#open.get(id) ?? (await this.#store.jobById(id));
  }

  async jobByKey(key: string): Promise<Job | undefined> {
    return await this.#store.jobByKey(key);
  }

  /** All of them durable when it resolves, but those whose key another server's job has got first. */
  async accept(jobs: readonly Job[]): Promise<Set<Job>> {
    return await this.#alone(async () => {
      const changed = await this.#store.write(jobs.map((job) => insertJob(job, this.#store.holder)));
      const accepted = jobs.filter((_, index) => changed[index] === 1);
      for (const job of accepted) {
        this.#put(job);
        this.queue.add(job);
        this.#tell(job);
      }
      return new Set(accepted);
    });
  }

  /**
   * Puts a signer into the books, or back into the rotation; one that nobody has used begins at `nextNonce`. Undefined
   * when another server has it.
   */
  async enrol(address: Address, role: SignerRecord["role"], nextNonce: number): Promise<Account | undefined> {
    return await this.#alone(async () => {
      const fresh = { address, role, state: "active", nextNonce, spending: { window: 0, wei: 0n } } as const;
      await this.#store.write([claimSigner(fresh, this.#store.holder)]);
      const record = await this.#store.signer(address);
      if (record === undefined) return undefined;
      const account = this.accounts.get(address) ?? { record, slots: new Map() };
      account.record = record;
      this.accounts.set(address, account);
      return account;
    });
  }

  /** Leaves the signer to other servers; false while something of it is under way. */
  async release(account: Account): Promise<boolean> {
    return await this.#alone(async () => {
      const { address } = account.record;
      if (account.slots.size > 0 || this.accounts.get(address) !== account) return false;
      await this.#store.write([releaseSigner(address)]);
      this.accounts.delete(address);
      return true;
    });
  }

  /** Out of the rotation. */
  async retire(account: Account): Promise<void> {
    await this.#change(account, () => ({ state: "idle" }));
  }

  /** The chain has spent nonces that the pool did not know of. */
  async skipTo(account: Account, nonce: number): Promise<void> {
    await this.#change(account, ({ nextNonce }) => ({ nextNonce: Math.max(nextNonce, nonce) }));
  }

  async #change(account: Account, change: (record: SignerRecord) => Partial<SignerRecord>): Promise<void> {
    await this.#alone(async () => {
      if (this.accounts.get(account.record.address) !== account) return;
      const record = { ...account.record, ...change(account.record) };
      await this.#store.write([this.#signer(record)]);
      account.record = record;
    });
  }

  /**
   * Gives the jobs the signer's next nonces, which begin at `first`; undefined when they do not any more. From here on
   * each is carried by this nonce and by no other.
   */
  async bind(
    account: Account,
    first: number,
    sinceBlock: number,
    bound: readonly Bound[],
  ): Promise<Slot[] | undefined> {
    return await this.#alone(async () => {
      const { address: signer, nextNonce } = account.record;
      if (nextNonce !== first || this.accounts.get(signer) !== account) return undefined;
      const common = { signer, sinceBlock, settled: undefined };
      const slots = bound.map(({ job, attempt }, index) =>
        slotOf({ ...common, nonce: first + index, jobId: job.id, attempts: [attempt] }, false),
      );
      const jobs = bound.map(({ job }, index) =>
        changed(job, { state: "signed", place: { signer, nonce: first + index } }),
      );
      const wei = bound.reduce((sum, each) => sum + each.wei, 0n);
      const record = { ...this.#paid(account, wei), nextNonce: nextNonce + bound.length };
      await this.#store.write([
        ...slots.flatMap((slot) => [putSlot(recordOf(slot)), insertAttempt(signer, slot.nonce, newest(slot))]),
        ...this.#updates(jobs),
        this.#signer(record),
      ]);
      account.record = record;
      for (const slot of slots) account.slots.set(slot.nonce, slot);
      this.#apply(jobs);
      return slots;
    });
  }

  /** Wei that the signer may still promise; undefined: as much as it has. */
  allowance({ record }: Account): bigint | undefined {
    const limit = this.#spendingLimit;
    return limit === undefined || record.role === "funder" ? undefined : allowance(limit, record.spending, Date.now());
  }

  #paid({ record }: Account, wei: bigint): SignerRecord {
    return { ...record, spending: spent(this.#spendingLimit, record.spending, wei, Date.now()) };
  }

  /** A nonce that no job needs and that the ones behind it wait for. */
  async fill(account: Account, nonce: number, sinceBlock: number, attempt: Attempt): Promise<void> {
    await this.#alone(async () => {
      const { address: signer } = account.record;
      const record = { signer, nonce, jobId: undefined, sinceBlock, settled: undefined, attempts: [attempt] };
      await this.#store.write([putSlot(record), insertAttempt(signer, nonce, attempt)]);
      account.slots.set(nonce, slotOf(record, true));
    });
  }

  /** Brings a slot back that counted as final, since the chain has forgotten it; undefined when there was none. */
  async reopen(account: Account, nonce: number): Promise<Slot | undefined> {
    return await this.#alone(async () => {
      const record = await this.#store.slot(account.record.address, nonce);
      if (record === undefined || record.attempts.length === 0) return undefined;
      const slot = slotOf({ ...record, jobId: undefined, settled: undefined }, true);
      account.slots.set(nonce, slot);
      return slot;
    });
  }

  /**
   * A replacement in the same nonce that may cost `wei` more than those before it. `failure` is why its job is not
   * wanted any more, for a cancellation.
   */
  async addAttempt(account: Account, slot: Slot, attempt: Attempt, wei: bigint, failure?: JobFailure): Promise<void> {
    await this.#alone(async () => {
      const job = this.#jobOf(slot);
      const next = job === undefined || failure === undefined ? [] : [changed(job, { failure })];
      const record = this.#paid(account, wei);
      await this.#store.write([
        insertAttempt(slot.signer, slot.nonce, attempt),
        ...this.#updates(next),
        ...(wei === 0n ? [] : [this.#signer(record)]),
      ]);
      account.record = record;
      slot.attempts.push(attempt);
      slot.accepted = false;
      this.#apply(next);
    });
  }

  async markSent(slots: readonly Slot[]): Promise<void> {
    await this.#alone(async () => {
      const jobs = slots.map((slot) => this.#jobOf(slot)).filter((job) => job?.state === "signed") as Job[];
      if (jobs.length === 0) return;
      await this.#commit(jobs.map((job) => changed(job, { state: "sent" })));
    });
  }

  /** The slots' nonces were spent by attempts of theirs. */
  async settle(found: readonly Settled[]): Promise<void> {
    if (found.length === 0) return;
    await this.#alone(async () => {
      const jobs: Job[] = [];
      const slots: (readonly [Slot, Settlement])[] = [];
      for (const { slot, receipt, failure } of found) {
        const { hash, blockNumber, blockHash } = receipt;
        slots.push([slot, { hash, blockNumber, blockHash }]);
        const job = this.#jobOf(slot);
        if (job === undefined || slot.attempts.find((attempt) => attempt.hash === hash)?.kind !== "job") continue;
        const state = receipt.status === "success" ? "mined" : "reverted";
        jobs.push(changed(job, { state, receipt, failure }));
      }
      const changes = slots.map(([slot, settled]) => putSlot({ ...recordOf(slot), settled }));
      await this.#commit(jobs, changes, () => {
        for (const [slot, settled] of slots) Object.assign(slot, { settled, misses: 0 });
      });
    });
  }

  /** The block that had spent the nonce is not part of the chain any more. */
  async unsettle(slots: readonly Slot[]): Promise<void> {
    await this.#alone(async () => {
      const jobs: Job[] = [];
      for (const slot of slots) {
        const job = this.#jobOf(slot);
        if (job?.state !== "mined" && job?.state !== "reverted") continue;
        jobs.push(changed(job, { state: "sent", failure: undefined }));
      }
      const changes = slots.map((slot) => putSlot({ ...recordOf(slot), settled: undefined }));
      await this.#commit(jobs, changes, () => {
        const fresh = { settled: undefined, accepted: false, retryAt: 0, retries: 0, misses: 0 };
        for (const slot of slots) Object.assign(slot, fresh, { scannedTo: slot.sinceBlock });
      });
    });
  }

  /** Settled deep enough. A job whose nonce went to a cancellation ends as cancelled. */
  async finalize(slots: readonly Slot[]): Promise<void> {
    await this.#alone(async () => {
      const jobs: Job[] = [];
      for (const slot of slots) {
        const job = this.#jobOf(slot);
        if (job === undefined) continue;
        if (job.state === "mined" || job.state === "reverted") jobs.push(changed(job, { state: "final" }));
        else jobs.push(changed(job, { state: "cancelled", failure: job.failure ?? SUPERSEDED }));
      }
      const changes = slots.map((slot) => putSlot(recordOf(slot), true));
      await this.#commit(jobs, changes, () => {
        for (const slot of slots) this.accounts.get(slot.signer)?.slots.delete(slot.nonce);
      });
    });
  }

  /** A transaction that the pool did not sign spent the nonce for good: the job waits for another one. */
  async giveUp(slot: Slot, spender: Settlement): Promise<void> {
    await this.#alone(async () => {
      const job = this.#jobOf(slot);
      const next = job === undefined ? [] : [released(job, slot)];
      const changes = [putSlot({ ...recordOf(slot), jobId: undefined, settled: spender }, true)];
      await this.#commit(next, changes, () => this.accounts.get(slot.signer)?.slots.delete(slot.nonce), true);
    });
  }

  /**
   * Takes back the newest nonce of a signer, which every node that was asked has clearly refused: its job waits again,
   * or ends with `failure`. False when it is not the newest any more.
   */
  async unbind(account: Account, slot: Slot, failure?: JobFailure): Promise<boolean> {
    return await this.#alone(async () => {
      const { nonce, signer } = slot;
      if (nonce !== account.record.nextNonce - 1 || account.slots.get(nonce) !== slot || slot.leaked) return false;
      const job = this.#jobOf(slot);
      const next =
        job === undefined
          ? []
          : [failure === undefined ? released(job, slot) : changed(job, { state: "failed", failure })];
      const record = { ...account.record, nextNonce: nonce };
      const apply = (): void => {
        account.slots.delete(nonce);
        account.record = record;
      };
      await this.#commit(next, [...deleteSlot(signer, nonce), this.#signer(record)], apply, true);
      return true;
    });
  }

  /**
   * The chain began anew: nothing of the old one counts. `kept` are the slots of which the new one has heard; the jobs
   * of all others wait for a nonce again. `nonces`: the first unused one of each signer. `more` is written with it.
   */
  async restart(kept: ReadonlySet<Slot>, nonces: ReadonlyMap<Address, number>, more: readonly Sql[]): Promise<void> {
    await this.#alone(async () => {
      const records = [...this.accounts.values()].map(({ record }) => ({
        ...record,
        nextNonce: nonces.get(record.address) ?? record.nextNonce,
      }));
      const held = new Set([...kept].map(({ jobId }) => jobId));
      const jobs = [...this.#open.values()].filter(({ id, state }) => state !== "queued" && !held.has(id));
      const next = jobs.map((job) => changed(job, { state: "queued", failure: undefined }));
      const changes = [
        ...records.flatMap(({ address }) => clearSlots(address)),
        ...[...kept].flatMap((slot) => [
          putSlot({ ...recordOf(slot), settled: undefined }),
          ...slot.attempts.map((attempt) => insertAttempt(slot.signer, slot.nonce, attempt)),
        ]),
        ...records.map((record) => this.#signer(record)),
        ...more,
      ];
      await this.#commit(next, changes, () => {
        for (const record of records) this.#restarted(record, kept);
        for (const slot of kept) Object.assign(slot, { settled: undefined, sinceBlock: 0, scannedTo: 0 });
      });
    });
  }

  #restarted(record: SignerRecord, kept: ReadonlySet<Slot>): void {
    const account = this.accounts.get(record.address);
    if (account === undefined) return;
    account.record = record;
    for (const [nonce, slot] of account.slots) if (!kept.has(slot)) account.slots.delete(nonce);
  }

  /** Ends a job that has no nonce. */
  async fail(job: Job, failure: JobFailure): Promise<void> {
    await this.#alone(() => this.#commit([changed(job, { state: "failed", failure })]));
  }

  /** Does `work` when every change before it is done. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** The jobs and `changes` become durable together; then memory follows. */
  async #commit(
    jobs: readonly Job[],
    changes: readonly Sql[] = [],
    apply: () => void = () => undefined,
    front = false,
  ): Promise<void> {
    await this.#store.write([...changes, ...this.#updates(jobs)]);
    apply();
    this.#apply(jobs, front);
  }

  /** With what webhooks are to tell of them. */
  #updates(jobs: readonly Job[]): Sql[] {
    return jobs.flatMap((job) => [updateJob(job), ...eventsOf(job, this.#open.get(job.id)?.state, this.#store.holder)]);
  }

  #signer(record: SignerRecord): Sql {
    return putSigner(record, this.#store.holder);
  }

  #apply(jobs: readonly Job[], front = false): void {
    for (const job of jobs) {
      this.#put(job);
      if (job.state === "queued") this.queue.add(job, front);
      this.#tell(job);
    }
  }

  #put(job: Job): void {
    this.#routes.note(this.#open.get(job.id), job);
    if (isDone(job.state)) this.#open.delete(job.id);
    else this.#open.set(job.id, job);
  }

  #tell(job: Job): void {
    for (const listener of this.#listeners) listener(job);
  }

  #jobOf(slot: Slot): Job | undefined {
    return slot.jobId === undefined ? undefined : this.#open.get(slot.jobId);
  }
}
