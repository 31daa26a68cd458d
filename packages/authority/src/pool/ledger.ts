import type { Address } from "viem";
import { isDone, type Job, type JobFailure, type JobState, type Receipt } from "../job.ts";
import type { Attempt, Settlement, SignerRecord } from "../store/records.ts";
import type { SqliteStore } from "../store/sqlite-store.ts";
import { allowance, type SpendingLimit, spent } from "./allowance.ts";
import { JobQueue, type RouteRoom } from "./job-queue.ts";
import { RouteBook, type RouteLimits } from "./route-book.ts";
import { recordOf, type Slot, slotOf } from "./slot.ts";

/** One signer's row and its slots that are not final, by nonce. */
export type Account = { record: SignerRecord; readonly slots: Map<number, Slot> };

/** `wei`: what it may cost. */
export type Bound = { readonly job: Job; readonly attempt: Attempt; readonly wei: bigint };

type Change = {
  readonly state?: JobState;
  readonly receipt?: Receipt;
  /** Given as undefined: there is none any more. */
  readonly failure?: JobFailure | undefined;
  readonly place?: Pick<Slot, "signer" | "nonce">;
};

/** What `job` becomes. A state without a nonce or a receipt takes them away. */
function changed(job: Job, change: Change): Job {
  const { signer, nonce, receipt, failure: before, ...rest } = job;
  const failure = "failure" in change ? change.failure : before;
  const state = change.state ?? job.state;
  const unbound = state === "queued" || change.place !== undefined;
  const place = unbound ? change.place : signer === undefined || nonce === undefined ? undefined : { signer, nonce };
  const kept = state === "queued" || state === "signed" || state === "sent" ? undefined : (change.receipt ?? receipt);
  return {
    ...rest,
    state,
    ...(place === undefined ? {} : { signer: place.signer, nonce: place.nonce }),
    ...(kept === undefined ? {} : { receipt: kept }),
    ...(failure === undefined ? {} : { failure }),
    updatedAt: Date.now(),
  };
}

const SUPERSEDED: JobFailure = { code: "CANCELLED", message: "a replacement of the pool took its nonce" };

/** What becomes of a job that has lost its nonce: it waits for another one, unless it was being cancelled. */
function released(job: Job, slot: Slot): Job {
  const unwanted = slot.attempts.some(({ kind }) => kind === "cancel");
  return changed(job, unwanted ? { state: "cancelled", failure: job.failure ?? SUPERSEDED } : { state: "queued" });
}

/**
 * What the pool knows, in memory and in the store. Each method is one database transaction first and a change in memory
 * after it, so that what anybody acts on is durable; nothing is broadcast that is not in here.
 */
export class Ledger {
  readonly accounts: Map<Address, Account> = new Map();
  readonly queue: JobQueue = new JobQueue();
  readonly #store: SqliteStore;
  /** Jobs that are not done. */
  readonly #open = new Map<string, Job>();
  readonly #listeners = new Set<(job: Job) => void>();
  readonly #routes: RouteBook;
  readonly #spendingLimit: SpendingLimit | undefined;

  constructor(
    store: SqliteStore,
    routes: Readonly<Record<string, RouteLimits>>,
    spendingLimit: SpendingLimit | undefined,
  ) {
    this.#store = store;
    this.#routes = new RouteBook(routes);
    this.#spendingLimit = spendingLimit;
    for (const record of store.signers()) this.accounts.set(record.address, { record, slots: new Map() });
    for (const job of store.openJobs()) {
      this.#put(job);
      if (job.state === "queued") this.queue.add(job);
    }
    // An earlier process may have broadcast whatever it had signed.
    for (const record of store.openSlots()) {
      this.accounts.get(record.signer)?.slots.set(record.nonce, slotOf(record, true));
    }
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

  gasSince(time: number): Map<string, bigint> {
    return this.#store.gasSince(time);
  }

  get open(): Iterable<Job> {
    return this.#open.values();
  }

  watch(listener: (job: Job) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  job(id: string): Job | undefined {
    return this.#open.get(id) ?? this.#store.jobById(id);
  }

  jobByKey(key: string): Job | undefined {
    return this.#store.jobByKey(key);
  }

  slotOfJob(job: Job): Slot | undefined {
    if (job.signer === undefined || job.nonce === undefined) return undefined;
    return this.accounts.get(job.signer)?.slots.get(job.nonce);
  }

  /** All of them durable when it returns. */
  accept(jobs: readonly Job[]): void {
    this.#store.together(() => {
      for (const job of jobs) this.#store.insertJob(job);
    });
    for (const job of jobs) {
      this.#put(job);
      this.queue.add(job);
      this.#tell(job);
    }
  }

  putSigner(record: SignerRecord): void {
    this.#store.putSigner(record);
    const account = this.accounts.get(record.address);
    if (account === undefined) this.accounts.set(record.address, { record, slots: new Map() });
    else account.record = record;
  }

  /** Gives the jobs the signer's next nonces. From here on each is carried by this nonce and by no other. */
  bind(account: Account, sinceBlock: number, bound: readonly Bound[]): Slot[] {
    const { address, nextNonce } = account.record;
    const slots = bound.map(({ job, attempt }, index) =>
      slotOf(
        {
          signer: address,
          nonce: nextNonce + index,
          jobId: job.id,
          sinceBlock,
          settled: undefined,
          attempts: [attempt],
        },
        false,
      ),
    );
    const jobs = bound.map(({ job }, index) =>
      changed(job, { state: "signed", place: { signer: address, nonce: nextNonce + index } }),
    );
    const wei = bound.reduce((sum, each) => sum + each.wei, 0n);
    const record = { ...this.#paid(account, wei), nextNonce: nextNonce + bound.length };
    this.#store.together(() => {
      for (const [index, slot] of slots.entries()) {
        this.#store.putSlot(recordOf(slot));
        this.#store.insertAttempt(address, slot.nonce, (bound[index] as Bound).attempt);
        this.#store.updateJob(jobs[index] as Job);
      }
      this.#store.putSigner(record);
    });
    account.record = record;
    for (const slot of slots) account.slots.set(slot.nonce, slot);
    this.#apply(jobs);
    return slots;
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
  fill(account: Account, nonce: number, sinceBlock: number, attempt: Attempt): void {
    const { address } = account.record;
    const slot = slotOf(
      { signer: address, nonce, jobId: undefined, sinceBlock, settled: undefined, attempts: [attempt] },
      true,
    );
    this.#store.together(() => {
      this.#store.putSlot(recordOf(slot));
      this.#store.insertAttempt(address, nonce, attempt);
    });
    account.slots.set(nonce, slot);
  }

  /** Brings a slot back that counted as final, since the chain has forgotten it; undefined when there was none. */
  reopen(account: Account, nonce: number): Slot | undefined {
    const record = this.#store.slot(account.record.address, nonce);
    if (record === undefined || record.attempts.length === 0) return undefined;
    const slot = slotOf({ ...record, jobId: undefined, settled: undefined }, true);
    account.slots.set(nonce, slot);
    return slot;
  }

  /**
   * A replacement in the same nonce that may cost `wei` more than those before it. `failure` is why its job is not
   * wanted any more, for a cancellation.
   */
  addAttempt(account: Account, slot: Slot, attempt: Attempt, wei: bigint, failure?: JobFailure): void {
    const job = this.#jobOf(slot);
    const next = job === undefined || failure === undefined ? [] : [changed(job, { failure })];
    const record = wei === 0n ? account.record : this.#paid(account, wei);
    this.#store.together(() => {
      this.#store.insertAttempt(slot.signer, slot.nonce, attempt);
      for (const each of next) this.#store.updateJob(each);
      if (record !== account.record) this.#store.putSigner(record);
    });
    account.record = record;
    slot.attempts.push(attempt);
    slot.accepted = false;
    this.#apply(next);
  }

  markSent(slots: readonly Slot[]): void {
    const jobs: Job[] = [];
    for (const slot of slots) {
      const job = this.#jobOf(slot);
      if (job?.state === "signed") jobs.push(changed(job, { state: "sent" }));
    }
    if (jobs.length > 0) this.#write(jobs);
  }

  /** The slots' nonces were spent by attempts of theirs. */
  settle(found: readonly { readonly slot: Slot; readonly receipt: Receipt; readonly failure?: JobFailure }[]): void {
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
    this.#store.together(() => {
      for (const [slot, settled] of slots) this.#store.putSlot({ ...recordOf(slot), settled });
      for (const job of jobs) this.#store.updateJob(job);
    });
    for (const [slot, settled] of slots) Object.assign(slot, { settled, misses: 0 });
    this.#apply(jobs);
  }

  /** The block that had spent the nonce is not part of the chain any more. */
  unsettle(slots: readonly Slot[]): void {
    const jobs: Job[] = [];
    for (const slot of slots) {
      const job = this.#jobOf(slot);
      if (job?.state === "mined" || job?.state === "reverted")
        jobs.push(changed(job, { state: "sent", failure: undefined }));
    }
    this.#store.together(() => {
      for (const slot of slots) this.#store.putSlot({ ...recordOf(slot), settled: undefined });
      for (const job of jobs) this.#store.updateJob(job);
    });
    const fresh = { settled: undefined, accepted: false, retryAt: 0, retries: 0, misses: 0 };
    for (const slot of slots) Object.assign(slot, fresh, { scannedTo: slot.sinceBlock });
    this.#apply(jobs);
  }

  /** Settled deep enough. A job whose nonce went to a cancellation ends as cancelled. */
  finalize(slots: readonly Slot[]): void {
    const jobs: Job[] = [];
    for (const slot of slots) {
      const job = this.#jobOf(slot);
      if (job === undefined) continue;
      if (job.state === "mined" || job.state === "reverted") jobs.push(changed(job, { state: "final" }));
      else jobs.push(changed(job, { state: "cancelled", failure: job.failure ?? SUPERSEDED }));
    }
    this.#store.together(() => {
      for (const slot of slots) this.#store.putSlot(recordOf(slot), true);
      for (const job of jobs) this.#store.updateJob(job);
    });
    for (const slot of slots) this.accounts.get(slot.signer)?.slots.delete(slot.nonce);
    this.#apply(jobs);
  }

  /** A transaction that the pool did not sign spent the nonce for good: the job waits for another one. */
  giveUp(slot: Slot, spender: Settlement): void {
    const job = this.#jobOf(slot);
    const next = job === undefined ? [] : [released(job, slot)];
    this.#store.together(() => {
      this.#store.putSlot({ ...recordOf(slot), jobId: undefined, settled: spender }, true);
      for (const each of next) this.#store.updateJob(each);
    });
    this.accounts.get(slot.signer)?.slots.delete(slot.nonce);
    this.#apply(next, true);
  }

  /**
   * Takes back the newest nonces of a signer, which every node that was asked has clearly refused: their jobs wait
   * again, or end with `failure`.
   */
  unbind(account: Account, slots: readonly Slot[], failure?: JobFailure): void {
    const jobs: Job[] = [];
    for (const slot of slots) {
      const job = this.#jobOf(slot);
      if (job === undefined) continue;
      jobs.push(failure === undefined ? released(job, slot) : changed(job, { state: "failed", failure }));
    }
    const nextNonce = Math.min(account.record.nextNonce, ...slots.map(({ nonce }) => nonce));
    const record = { ...account.record, nextNonce };
    this.#store.together(() => {
      for (const slot of slots) this.#store.deleteSlot(slot.signer, slot.nonce);
      for (const job of jobs) this.#store.updateJob(job);
      this.#store.putSigner(record);
    });
    for (const slot of slots) account.slots.delete(slot.nonce);
    account.record = record;
    this.#apply(jobs, true);
  }

  /**
   * The chain began anew: nothing of the old one counts. `kept` are the slots of which the new one has heard; the jobs
   * of all others wait for a nonce again. `nonces`: the first unused one of each signer.
   */
  restart(kept: ReadonlySet<Slot>, nonces: ReadonlyMap<Address, number>): void {
    const records = [...this.accounts.values()].map(({ record }) => ({
      ...record,
      nextNonce: nonces.get(record.address) ?? record.nextNonce,
    }));
    const held = new Set([...kept].map(({ jobId }) => jobId));
    const jobs = [...this.#open.values()].filter(({ id, state }) => state !== "queued" && !held.has(id));
    const next = jobs.map((job) => changed(job, { state: "queued", failure: undefined }));
    this.#store.together(() => {
      this.#store.clearSlots();
      for (const slot of kept) {
        this.#store.putSlot({ ...recordOf(slot), settled: undefined });
        for (const attempt of slot.attempts) this.#store.insertAttempt(slot.signer, slot.nonce, attempt);
      }
      for (const job of next) this.#store.updateJob(job);
      for (const record of records) this.#store.putSigner(record);
    });
    for (const record of records) {
      const account = this.accounts.get(record.address);
      if (account === undefined) continue;
      account.record = record;
      for (const [nonce, slot] of account.slots) if (!kept.has(slot)) account.slots.delete(nonce);
    }
    for (const slot of kept) Object.assign(slot, { settled: undefined, sinceBlock: 0, scannedTo: 0 });
    this.#apply(next);
  }

  /** Ends a job that has no nonce. */
  fail(job: Job, failure: JobFailure): void {
    this.#write([changed(job, { state: "failed", failure })]);
  }

  #write(jobs: readonly Job[]): void {
    this.#store.together(() => {
      for (const job of jobs) this.#store.updateJob(job);
    });
    this.#apply(jobs);
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
