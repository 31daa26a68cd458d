import { randomUUID } from "node:crypto";
import { type Abi, type Address, type Hex, isAddress } from "viem";
import { isDone, type Job, type Receipt } from "../job.ts";
import { PoolError } from "../pool-error.ts";
import { bytesOf } from "../rpc/decode.ts";
import { HeadFeed } from "../rpc/head-feed.ts";
import { isRevert } from "../rpc/revert-reason.ts";
import { RpcClient, RpcUnreachable } from "../rpc/rpc-client.ts";
import { putMeta } from "../store/changes.ts";
import { JobStore } from "../store/job-store.ts";
import { prune } from "../store/prune.ts";
import { ChainView } from "./chain-view.ts";
import { Intake } from "./intake.ts";
import { Ledger } from "./ledger.ts";
import { type Alert, type Limits, limitsOf, type SigningPoolOptions } from "./options.ts";
import { callOf, checkedOptions, fingerprintOf, type SubmitOptions, type TransactionRequest } from "./request.ts";
import { ResetGuard } from "./reset-guard.ts";
import { Roster } from "./roster.ts";
import { Sharing, shareOf } from "./sharing.ts";
import { sweep } from "./sweep.ts";
import { Tracker } from "./tracker.ts";
import { Treasury } from "./treasury.ts";

export type SignerStatus = {
  readonly address: Address;
  readonly role: "worker" | "funder";
  readonly state: "active" | "idle";
  readonly dry: boolean;
  readonly inFlight: number;
  readonly nextNonce: number;
};

export type Follower = (job: Job | undefined) => void;

export type PoolStatus = {
  readonly chainId: number;
  readonly head: number;
  readonly queued: number;
  readonly open: number;
  readonly signers: readonly SignerStatus[];
};

type Parts = {
  readonly rpc: RpcClient;
  readonly store: JobStore;
  readonly ownStore: boolean;
  readonly ledger: Ledger;
  readonly chain: ChainView;
  readonly limits: Limits;
  readonly roster: Roster;
  readonly tracker: Tracker;
  readonly treasury: Treasury;
  readonly resets: ResetGuard;
  readonly abis: Map<string, Abi>;
  readonly alert: (alert: Alert) => void;
};

/** Milliseconds that each step of the start waits for an endpoint. */
const START_MS = 15_000;
const PRUNE_MS = 600_000;
/** Milliseconds between two looks at the chain while new blocks are told. */
const POLL_BESIDE_FEED_MS = 2_000;
/** Jobs of other servers that are asked for in one look. */
const OTHERS_A_LOOK = 500;
/** Looks at the chain between two looks at its first block. */
const LOOKS_PER_GENESIS = 16;

/** `createSigningPool` makes one. */
export class SigningPool {
  readonly #parts: Parts;
  readonly #intake: Intake;
  /** Who follows a job, by its id; undefined tells them that the pool closes. */
  readonly #followers = new Map<string, Set<Follower>>();
  /** When the followed jobs of other servers changed last, as far as was told. */
  readonly #seen = new Map<string, number>();
  /** Where among the followed jobs of other servers the newest look began. */
  #place = 0;
  /** When to forget old jobs again, in milliseconds. */
  #pruneAt = Date.now() + PRUNE_MS;
  readonly #sharing: Sharing | undefined;
  readonly #feed: HeadFeed | undefined;
  /** A block came while the chain was being looked at. */
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #state: "open" | "draining" | "closed" = "open";
  #reachable = true;
  #failed: unknown;
  #looks = 0;

  constructor(parts: Parts, wsUrls: readonly string[]) {
    this.#parts = parts;
    parts.ledger.watch((job) => {
      if (isDone(job.state)) parts.abis.delete(job.id);
      for (const follower of [...(this.#followers.get(job.id) ?? [])]) follower(job);
    });
    const { store, ledger, roster, alert } = parts;
    const { lease } = store;
    const fatal = (error: unknown): void => this.fail(error);
    this.#sharing = lease === undefined ? undefined : new Sharing({ lease, ledger, roster, alert, fatal });
    if (wsUrls.length > 0) this.#feed = new HeadFeed({ urls: wsUrls, onHead: () => this.#lookNow() });
    const accepted = (): void => this.#kickAll();
    this.#intake = new Intake({ ...parts, mustBeOpen: () => this.#mustBeOpen(), accepted, fatal });
    this.#kickAll();
    this.#schedule(0);
  }

  /** Resolves with the job as soon as it is durable; from then on it is carried out once, whatever happens. */
  async submit(request: TransactionRequest, options: SubmitOptions = {}): Promise<Job> {
    const { idempotencyKey, owner = "", route = "", priority = 0, deadline, webhook } = checkedOptions(options);
    const call = callOf(request);
    const fingerprint = fingerprintOf(call, route);
    this.#mustBeOpen();
    const now = Date.now();
    const job: Job = {
      id: randomUUID(),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      fingerprint,
      owner,
      route,
      priority,
      ...(deadline === undefined ? {} : { deadline }),
      ...(webhook === undefined ? {} : { webhook }),
      call,
      state: "queued",
      createdAt: now,
      updatedAt: now,
    };
    const same = await this.#intake.take(job, request.abi);
    if (same.fingerprint === fingerprint && same.owner === owner) return same;
    throw new PoolError("IDEMPOTENCY_CONFLICT", "this key belongs to another request");
  }

  /**
   * Submits and waits for the receipt: `mined` is the first block that has it, `final` the stated confirmations.
   * Throws a PoolError when the job had no effect, or reverted.
   */
  async send(
    request: TransactionRequest,
    options: SubmitOptions & { readonly until?: "mined" | "final" } = {},
  ): Promise<Receipt> {
    return await this.receipt((await this.submit(request, options)).id, options.until);
  }

  /** The receipt of a job, now or when it has one. */
  async receipt(id: string, until: "mined" | "final" = "mined"): Promise<Receipt> {
    const reached = (job: Job): boolean =>
      isDone(job.state) || (until === "mined" && (job.state === "mined" || job.state === "reverted"));
    this.#mustRun();
    return await new Promise<Receipt>((resolve, reject) => {
      const waiter = (job: Job | undefined): void => {
        if (job !== undefined && !reached(job)) return;
        end();
        if (job === undefined)
          reject(new PoolError("CLOSED", "the pool was closed; the job goes on when it is opened"));
        else settle(() => outcome(job), resolve, reject);
      };
      const end = this.follow(id, waiter);
      const look = async (): Promise<void> => {
        const job = await this.#parts.ledger.job(id);
        if (job === undefined) throw new PoolError("UNKNOWN_JOB", "there is no such job");
        waiter(job);
      };
      look().catch((error) => {
        end();
        reject(error);
      });
    });
  }

  /**
   * Calls `follower` with every change of the job from now on, also when another server that shares the database has
   * it; with undefined when the pool closes. Returns what ends it.
   */
  follow(id: string, follower: Follower): () => void {
    const followers = this.#followers.get(id) ?? new Set();
    this.#followers.set(id, followers);
    followers.add(follower);
    return () => {
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(id) === followers) this.#followers.delete(id);
    };
  }

  /** Gas of the owner's jobs accepted since then (milliseconds): used, or what those on their way may use. */
  async gasSince(time: number, owner: string): Promise<bigint> {
    return await this.#parts.ledger.gasSince(time, owner);
  }

  /** What a contract answers on the newest state; undefined when it reverts. Throws when no node can tell. */
  async read(to: Address, data: Hex): Promise<Hex | undefined> {
    const [answer] = await this.#parts.rpc.batch([{ method: "eth_call", params: [{ to, data }, "latest"] }]);
    const bytes = answer?.ok === true ? bytesOf(answer.result) : undefined;
    if (bytes !== undefined) return bytes;
    if (answer?.ok === false && isRevert(answer.code, answer.message)) return undefined;
    throw new RpcUnreachable("no node answers the call");
  }

  async job(id: string): Promise<Job | undefined> {
    return await this.#parts.ledger.job(id);
  }

  async jobByKey(idempotencyKey: string): Promise<Job | undefined> {
    return await this.#parts.ledger.jobByKey(idempotencyKey);
  }

  /** Calls `listener` with every change of every job, after it is durable. Returns what ends it. */
  watch(listener: (job: Job) => void): () => void {
    return this.#parts.ledger.watch(listener);
  }

  /** Whether it runs, takes jobs, and reaches its chain. */
  get isReady(): boolean {
    return this.#state === "open" && this.#reachable;
  }

  status(): PoolStatus {
    const { chain, ledger, roster } = this.#parts;
    const signers = roster.streams.map((stream): SignerStatus => {
      const { address, role, state, nextNonce } = stream.account.record;
      return { address, role, state, dry: stream.dry, inFlight: stream.unsettled.length, nextNonce };
    });
    return { chainId: chain.chainId, head: chain.number, queued: ledger.queue.size, open: ledger.openJobs, signers };
  }

  /** Adds a signer until the process ends; the configuration decides about the next one. */
  async addSigner(): Promise<Address> {
    this.#mustBeOpen();
    const address = await this.#parts.roster.add();
    this.#kickAll();
    return address;
  }

  /**
   * Sends what signers outside the rotation have left to `to`, the funder unless said otherwise. Resolves with the jobs
   * as soon as they are durable.
   */
  async sweep(to?: Address): Promise<Job[]> {
    this.#mustBeOpen();
    const { ledger, rpc, chain, roster } = this.#parts;
    const target = to ?? roster.funder?.address;
    if (target === undefined || !isAddress(target, { strict: false }))
      throw new PoolError("BAD_REQUEST", "there is no funder to sweep to");
    const jobs = await sweep({ ledger, rpc, chain }, roster.streams, target);
    this.#kickAll();
    return jobs;
  }

  /** Takes no more jobs and resolves when all are done. */
  async drain(): Promise<void> {
    this.#mustRun();
    this.#state = "draining";
    while (this.#parts.ledger.openJobs > 0) {
      this.#mustRun();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Stops at once; open jobs go on when a pool opens the same store again. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#timer);
    const { rpc, roster, ledger, store, ownStore } = this.#parts;
    this.#intake.close();
    rpc.close();
    await this.#looking;
    await Promise.all(roster.streams.map((stream) => stream.stop()));
    for (const each of [...this.#followers.values()]) for (const follower of [...each]) follower(undefined);
    this.#sharing?.close();
    this.#feed?.close();
    await ledger.idle();
    if (ownStore) await store.close();
  }

  /** Nothing may be sent when what is sent cannot be written down. */
  fail(error: unknown): void {
    if (this.#state === "closed") return;
    this.#failed = error;
    this.#parts.alert({ kind: "internal", message: error instanceof Error ? error.message : String(error) });
    this.close().catch(() => undefined);
  }

  #mustRun(): void {
    if (this.#state === "closed") throw new PoolError("CLOSED", "the pool is closed", { cause: this.#failed });
  }

  #mustBeOpen(): void {
    this.#mustRun();
    if (this.#state !== "open") throw new PoolError("CLOSED", "the pool takes no more jobs");
  }

  /** The signers with the most room first. */
  #kickAll(): void {
    if (this.#state === "closed") return;
    const rooms = this.#parts.roster.streams.map((stream) => ({ stream, room: stream.room }));
    for (const { stream } of rooms.sort((left, right) => right.room - left.room)) stream.kick();
  }

  #schedule(ms: number): void {
    if (this.#state === "closed") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#again = false;
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined;
        this.#schedule(this.#pause());
      });
    }, ms);
  }

  /** Milliseconds until the next look. */
  #pause(): number {
    const { limits, rpc } = this.#parts;
    if (rpc.restMs > 0) return Math.max(limits.pollMs, Math.min(rpc.restMs, 5_000));
    if (this.#again) return 0;
    return this.#feed?.isLive === true ? Math.max(limits.pollMs, POLL_BESIDE_FEED_MS) : limits.pollMs;
  }

  /** There is a new block. */
  #lookNow(): void {
    this.#again = true;
    if (this.#looking === undefined && this.#parts.rpc.restMs === 0) this.#schedule(0);
  }

  async #look(): Promise<void> {
    const { rpc, chain, tracker, treasury, roster } = this.#parts;
    try {
      const before = chain.number;
      if (!(await chain.refresh(rpc))) return;
      if (chain.number < before || this.#looks++ % LOOKS_PER_GENESIS === 0)
        await this.#parts.resets.check(roster.streams);
      await tracker.look(roster.streams);
      await treasury.look(roster.streams);
      if (this.#sharing === undefined) {
        await roster.grow();
        await roster.shrink();
      } else await this.#sharing.look();
      await this.#tellOfOthers();
      await this.#prune();
      this.#reach(true);
      this.#kickAll();
    } catch (error) {
      if (error instanceof RpcUnreachable) this.#reach(false);
      else if (this.#state !== "closed") this.fail(error);
    }
  }

  async #prune(): Promise<void> {
    const now = Date.now();
    if (now < this.#pruneAt) return;
    const { store, limits } = this.#parts;
    const more = await prune(store, now - limits.retentionMs);
    this.#pruneAt = more ? now : now + PRUNE_MS;
  }

  /** Jobs that are followed here and belong to another server. */
  async #tellOfOthers(): Promise<void> {
    const { ledger, store } = this.#parts;
    if (store.lease === undefined) return;
    const ids = [...this.#followers.keys()].filter((id) => ledger.openJob(id) === undefined);
    this.#place = this.#place + OTHERS_A_LOOK < ids.length ? this.#place + OTHERS_A_LOOK : 0;
    for (const job of await store.jobsById(ids.slice(this.#place, this.#place + OTHERS_A_LOOK))) {
      if (this.#seen.get(job.id) === job.updatedAt) continue;
      this.#seen.set(job.id, job.updatedAt);
      for (const follower of [...(this.#followers.get(job.id) ?? [])]) follower(job);
    }
    for (const id of this.#seen.keys()) if (!this.#followers.has(id)) this.#seen.delete(id);
  }

  #reach(reachable: boolean): void {
    if (reachable === this.#reachable || this.#state === "closed") return;
    this.#reachable = reachable;
    if (reachable) this.#parts.alert({ kind: "endpoint-back", message: "an endpoint answers again" });
    else this.#parts.alert({ kind: "endpoint-lost", message: "no endpoint answers" });
  }
}

function settle<T>(work: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): void {
  try {
    resolve(work());
  } catch (error) {
    reject(error);
  }
}

function outcome(job: Job): Receipt {
  if (job.receipt?.status === "success") return job.receipt;
  const { code = "FAILED", message = "the job had no effect" } = job.failure ?? {};
  throw new JobFailed(job, code, message);
}

/** A job that reverted, was refused, or was cancelled; `job` has what is known of it. */
export class JobFailed extends Error {
  override readonly name = "JobFailed";
  readonly code: string;
  readonly job: Job;

  constructor(job: Job, code: string, message: string) {
    super(message);
    this.code = code;
    this.job = job;
  }
}

/**
 * Opens the store, looks at the chain, and takes up whatever an earlier process left. Throws where no endpoint answers
 * for a while, or the chain is another one than the store's.
 */
export async function createSigningPool(options: SigningPoolOptions): Promise<SigningPool> {
  const limits = limitsOf(options);
  const urls = typeof options.rpcUrl === "string" ? [options.rpcUrl] : options.rpcUrl;
  const rpc = new RpcClient({ urls, timeoutMs: options.timeoutMs ?? 10_000, maxBatch: options.maxBatch ?? 100 });
  const ownStore = typeof options.store === "string";
  const store = typeof options.store === "string" ? await JobStore.open(options.store) : options.store;
  try {
    const chain = await rpc.patiently(START_MS, () => ChainView.read(rpc, limits));
    const expected = options.chainId ?? Number((await store.meta("chain")) ?? chain.chainId);
    if (chain.chainId !== expected) {
      throw new PoolError("WRONG_CHAIN", `the endpoint's chain is ${chain.chainId}, not ${expected}`);
    }
    await store.write([putMeta("chain", String(chain.chainId))]);
    const ledger = await Ledger.open(store, options.routes ?? {}, limits.spendingLimit);
    const abis = new Map<string, Abi>();
    let pool: SigningPool | undefined;
    const alert = options.onAlert ?? (() => undefined);
    const abiOf = (job: Job): Abi | undefined => abis.get(job.id);
    const fatal = (error: unknown): void => pool?.fail(error);
    const resets = new ResetGuard({ ledger, rpc, chain, store, alert, resettable: options.resettable ?? false });
    await rpc.patiently(START_MS, () => resets.check([]));
    const ports = { ledger, rpc, chain, limits, abiOf, alert, fatal };
    const share = await shareOf(store, options);
    const roster = await rpc.patiently(START_MS, () => Roster.open(options, ports, share));
    const tracker = new Tracker({ ledger, rpc, chain, limits, abiOf, alert });
    const treasury = new Treasury({ ledger, rpc, limits, roster, alert });
    const parts = { rpc, store, ownStore, ledger, chain, limits, roster, tracker, treasury, resets, abis, alert };
    pool = new SigningPool(parts, [options.wsUrl ?? []].flat());
    return pool;
  } catch (error) {
    rpc.close();
    if (ownStore) await store.close();
    throw error;
  }
}
