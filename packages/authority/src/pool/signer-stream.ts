import { type Abi, type Address, parseTransaction } from "viem";
import type { Call, Job, JobFailure } from "../job.ts";
import { type Price, signTransaction } from "../keys/sign-transaction.ts";
import type { Signer } from "../keys/signer.ts";
import type { RpcAnswer, RpcClient } from "../rpc/rpc-client.ts";
import { isRateLimit, type Verdict, verdictOf } from "../rpc/wording.ts";
import type { Attempt, AttemptKind } from "../store/records.ts";
import { renewalMs } from "./allowance.ts";
import type { ChainView } from "./chain-view.ts";
import type { Account, Bound, Ledger } from "./ledger.ts";
import type { Alert, Limits } from "./options.ts";
import { prepare } from "./preparation.ts";
import { newest, type Slot } from "./slot.ts";

export type StreamPorts = {
  readonly ledger: Ledger;
  readonly rpc: RpcClient;
  readonly chain: ChainView;
  readonly limits: Limits;
  readonly abiOf: (job: Job) => Abi | undefined;
  readonly alert: (alert: Alert) => void;
  /** The store or the program has failed: nothing more may be sent. */
  readonly fatal: (error: unknown) => void;
};

/** Jobs that get their nonces in one transaction, and transactions in one broadcast. */
const BATCH = 64;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 15_000;
/** While a node has no room: what is offered again waits no longer than what is new, or it would be mined last. */
const LONGEST_BUSY_MS = 1_000;
/** Answers other than a result or a revert after which a job ends. */
const MOST_TRIES = 20;
const untried = new WeakMap<Job, number>();
/** Gas of a transfer that does nothing, with room for chains that charge more than Ethereum. */
const CANCEL_GAS = 30_000n;
/** Gas of the least that a transaction can be. */
const CHEAPEST_GAS = 21_000n;

/** One signer and its nonces: several transactions on their way at a time, each broadcast until its nonce is spent. */
export class SignerStream {
  readonly account: Account;
  /** Undefined: a signer of an earlier run whose key was not given; its transactions are followed, none is added. */
  readonly #signer: Signer | undefined;
  readonly #ports: StreamPorts;
  /** Which endpoint takes its transactions, so that their nonces come in order. */
  readonly #lane: number;
  /** Which one tries its next calls: each in turn. */
  #tryLane: number;
  /** Transactions on their way that the node has room for; shrinks when it says that it has none. */
  #window: number;
  #turning = false;
  #again = false;
  #sending: Promise<void> = Promise.resolve();
  #restUntil = 0;
  /** Unix time in milliseconds until which its spending limit allows nothing. */
  #brokeUntil = 0;
  #stopped = false;
  /** Unix time in milliseconds. */
  lastUsed: number = Date.now();
  /** Has no money for its transactions, as far as is known. */
  dry = false;

  constructor(account: Account, signer: Signer | undefined, ports: StreamPorts, lane: number) {
    this.account = account;
    this.#signer = signer;
    this.#ports = ports;
    this.#lane = lane;
    this.#tryLane = lane;
    this.#window = ports.limits.maxInFlight;
  }

  get address(): Address {
    return this.account.record.address;
  }

  /** By nonce. */
  get unsettled(): Slot[] {
    const slots = [...this.account.slots.values()].filter(({ settled }) => settled === undefined);
    return slots.sort((left, right) => left.nonce - right.nonce);
  }

  /** Transactions that may be added now. */
  get room(): number {
    if (this.#signer === undefined || this.#stopped || this.dry) return 0;
    if (Date.now() < this.#brokeUntil) return 0;
    return Math.max(0, Math.min(this.#window, this.#ports.limits.maxInFlight) - this.unsettled.length);
  }

  /** Gives nonces away or broadcasts at this moment. */
  get isBusy(): boolean {
    return this.#turning;
  }

  /** Gives waiting jobs the next nonces while there is room. */
  kick(): void {
    if (this.#turning) {
      this.#again = true;
      return;
    }
    this.#turning = true;
    this.#turns()
      .catch(this.#ports.fatal)
      .finally(() => {
        this.#turning = false;
        if (this.#again) {
          this.#again = false;
          this.kick();
        }
      });
  }

  /** No new nonces; ends when what is being broadcast is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    while (this.#turning) await new Promise((resolve) => setTimeout(resolve, 5));
    await this.#sending;
  }

  /** Waits until no nonce is being given away and nothing is being broadcast, and keeps it so while `work` runs. */
  async still<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#stopped;
    await this.stop();
    try {
      return await work();
    } finally {
      this.#stopped = before;
    }
  }

  /** A nonce was spent by a transaction of the pool: the node has room again. */
  widen(by: number): void {
    this.#window = Math.min(this.#ports.limits.maxInFlight, this.#window + by);
  }

  async #turns(): Promise<void> {
    while (Date.now() >= this.#restUntil) {
      const limit = Math.min(this.room, BATCH);
      const jobs = limit === 0 ? [] : await this.#take(limit);
      if (jobs.length === 0) return;
      const slots = await this.#bindAll(jobs);
      if (slots.length > 0) this.send(slots);
    }
  }

  async #take(limit: number): Promise<Job[]> {
    const { ledger } = this.#ports;
    const { role, state } = this.account.record;
    const pinnedOnly = role === "funder" || state === "idle";
    const jobs = ledger.queue.take(this.address, limit, pinnedOnly, ledger.routeRoom);
    const now = Date.now();
    const late = jobs.filter(({ deadline }) => deadline !== undefined && deadline <= now);
    const failure: JobFailure = { code: "EXPIRED", message: "its deadline passed before it was signed" };
    for (const job of late) await ledger.fail(job, failure);
    return jobs.filter((job) => !late.includes(job));
  }

  async #bindAll(jobs: readonly Job[]): Promise<Slot[]> {
    const { ledger, rpc, limits, abiOf, chain } = this.#ports;
    const prepared = await prepare(rpc, this.address, jobs, limits, abiOf, this.#tryLane++).catch(() => undefined);
    if (prepared === undefined) this.#rest(Math.max(FIRST_RETRY_MS, rpc.restMs));
    const ready: { readonly job: Job; readonly gas: bigint }[] = [];
    for (const [index, job] of jobs.entries()) {
      const verdict = prepared?.[index] ?? { kind: "later" };
      if (verdict.kind === "ready") ready.push({ job, gas: verdict.gas });
      else if (verdict.kind === "refused") await ledger.fail(job, verdict.failure);
      else {
        if (verdict.kind === "dry" && isDear(job)) {
          await ledger.fail(job, UNPAYABLE);
          continue;
        }
        if (verdict.kind === "dry") {
          ledger.queue.add(job, true);
          this.#setDry("it cannot pay for a job");
        } else await this.#untried(job, verdict.kind === "again");
      }
    }
    const first = this.account.record.nextNonce;
    const bound = await this.#signAll(first, ready);
    const slots = bound.length === 0 ? [] : await ledger.bind(this.account, first, chain.number, bound);
    // Or the chain has spent nonces that the pool did not know of.
    if (slots === undefined) for (const { job } of bound) ledger.queue.add(job, true);
    return slots ?? [];
  }

  /** The node did not say how the call would end. `answered`: it said something else, which counts against the job. */
  async #untried(job: Job, answered: boolean): Promise<void> {
    const { ledger, rpc } = this.#ports;
    const tries = (untried.get(job) ?? 0) + (answered ? 1 : 0);
    untried.set(job, tries);
    if (tries >= MOST_TRIES) {
      await ledger.fail(job, { code: "SIMULATION_FAILED", message: "no node could tell how the call would end" });
      return;
    }
    // Behind the others: they must not wait for one that nobody can try.
    ledger.queue.add(job, !answered);
    this.#rest(Math.max(FIRST_RETRY_MS, rpc.restMs));
  }

  /** Signs for the next nonces; nobody else gives this signer's nonces away meanwhile. */
  async #signAll(first: number, ready: readonly { readonly job: Job; readonly gas: bigint }[]): Promise<Bound[]> {
    const { ledger, chain } = this.#ports;
    const price = chain.fees.price();
    const bound: Bound[] = [];
    let left = ledger.allowance(this.account);
    for (const { job, gas } of ready) {
      const nonce = first + bound.length;
      const wei = job.call.value + gas * price.maxFee;
      if (left !== undefined && wei > left) {
        await this.#overLimit(job, wei);
        continue;
      }
      const attempt = await this.#sign("job", nonce, job.call, gas, price).catch(() => undefined);
      if (attempt === undefined) {
        this.#rest(FIRST_RETRY_MS);
        ledger.queue.add(job, true);
        continue;
      }
      bound.push({ job, attempt, wei });
      if (left !== undefined) left -= wei;
    }
    return bound;
  }

  async #sign(kind: AttemptKind, nonce: number, call: Call, gas: bigint, price: Price): Promise<Attempt> {
    if (this.#signer === undefined) throw new Error("no key");
    const { chainId } = this.#ports.chain;
    const { raw, hash } = await signTransaction(this.#signer, { chainId, nonce, gas, price, call });
    return { hash, kind, raw, maxFee: price.maxFee, tip: price.tip, createdAt: Date.now() };
  }

  /** The job waits for another signer or the next window, unless it would never fit into one. */
  async #overLimit(job: Job, wei: bigint): Promise<void> {
    const { ledger, limits, alert, chain } = this.#ports;
    const { spendingLimit: limit } = limits;
    if (limit === undefined) return;
    if (wei > limit.wei) {
      await ledger.fail(job, { code: "SPENDING_LIMIT", message: "it may cost more than a signer may spend" });
      return;
    }
    // Behind the others: a cheaper one may still fit.
    ledger.queue.add(job);
    this.#rest(FIRST_RETRY_MS);
    const now = Date.now();
    const left = ledger.allowance(this.account) ?? 0n;
    if (left >= chain.fees.price().maxFee * CHEAPEST_GAS || this.#brokeUntil > now) return;
    alert({ kind: "spending-limit", message: `${this.address} has spent what it may for now` });
    this.#brokeUntil = now + renewalMs(limit, now);
  }

  #rest(ms: number): void {
    this.#restUntil = Math.max(this.#restUntil, Date.now() + ms);
  }

  #setDry(why: string): void {
    if (this.dry) return;
    this.dry = true;
    this.#ports.alert({ kind: "signer-dry", message: `${this.address} leaves the rotation: ${why}` });
  }

  /** Broadcasts the newest attempt of each, one batch after the other, so that nonces leave in their order. */
  send(slots: readonly Slot[]): void {
    this.lastUsed = Date.now();
    // Nobody else is to broadcast them while this waits for its turn.
    for (const slot of slots) slot.retryAt = Number.POSITIVE_INFINITY;
    this.#sending = this.#sending.then(() => this.#broadcast(slots)).catch(this.#ports.fatal);
  }

  async #broadcast(slots: readonly Slot[]): Promise<void> {
    const { rpc, ledger, chain } = this.#ports;
    for (let from = 0; from < slots.length; from += BATCH) {
      const part = slots.slice(from, from + BATCH).filter(({ settled }) => settled === undefined);
      const sent = part.map(newest);
      const answers = await rpc
        .once(
          sent.map(({ raw }) => ({ method: "eth_sendRawTransaction", params: [raw] })),
          this.#lane,
        )
        .catch(() => undefined);
      const taken: Slot[] = [];
      for (const [index, slot] of part.entries()) {
        slot.sentAt = Date.now();
        slot.sentHead = chain.number;
        if (this.#hear(slot, sent[index], answers?.[index])) taken.push(slot);
      }
      await ledger.markSent(taken);
    }
  }

  /** Notes the answer; true when the node has the transaction. */
  #hear(slot: Slot, attempt: Attempt | undefined, answer: RpcAnswer | undefined): boolean {
    const { probing } = slot;
    slot.probing = false;
    const verdict = answer === undefined ? "unclear" : answer.ok ? "taken" : verdictOf(answer.code, answer.message);
    if (verdict !== "taken" && verdict !== "known") {
      this.#refused(slot, verdict, answer?.ok === false ? answer.message : "");
      const full =
        verdict === "nonce-gap" || (verdict === "busy" && answer?.ok === false && !isRateLimit(answer.code, ""));
      if (full) this.#window = Math.max(1, Math.min(this.#window, Math.floor(this.unsettled.length / 2)));
      return false;
    }
    // A replacement that was signed meanwhile has not been offered yet.
    const accepted = newest(slot) === attempt;
    Object.assign(slot, { accepted, leaked: true, retries: 0, retryAt: 0, refusal: undefined });
    if (!probing) return true;
    // The node had it all the time and did not mine it; or it had dropped it, and then surely what is behind it too.
    const behind = this.unsettled.filter(({ nonce }) => nonce > slot.nonce);
    if (verdict === "taken") for (const other of behind) other.accepted = false;
    else {
      const { fees } = this.#ports.chain;
      for (const other of [slot, ...behind.filter((each) => fees.excludes(newest(each)))]) {
        Object.assign(other, { accepted: false, refusal: { verdict: "underpriced", message: "" } });
      }
    }
    return true;
  }

  #refused(slot: Slot, verdict: Verdict, message: string): void {
    const longest = verdict === "busy" ? LONGEST_BUSY_MS : LONGEST_RETRY_MS;
    const wait = Math.max(
      Math.min(longest, FIRST_RETRY_MS * 2 ** Math.min(slot.retries++, 10)),
      this.#ports.rpc.restMs,
    );
    slot.retryAt = Date.now() + wait;
    // Nonces behind this one are worth nothing before it is taken.
    if (verdict === "busy") this.#rest(wait);
    slot.refusal = { verdict, message };
    if (verdict === "unclear") slot.leaked = true;
    // Something with this nonce is there or was mined: what it is shows when the nonce is spent.
    else if (verdict === "outbid" || verdict === "nonce-spent") Object.assign(slot, { leaked: true, accepted: true });
    else if (verdict === "insufficient-funds") {
      if (!isDear(this.#jobOf(slot))) this.#setDry("its node says that it cannot pay");
    }
  }

  /**
   * Looks after what is on its way. `spent`: the signer's nonces below are spent on the chain. What was refused is sent
   * again or replaced; what should be next and is not mined is offered again, at a better price when the node had it.
   */
  async maintain(spent: number): Promise<void> {
    const now = Date.now();
    const slots = this.unsettled.filter(({ nonce }) => nonce >= spent);
    if (!this.#turning) await this.#takeBack(slots);
    const due: Slot[] = [];
    for (const slot of slots) {
      if (!this.account.slots.has(slot.nonce) || slot.retryAt > now) continue;
      if (!slot.accepted) {
        if (slot.refusal !== undefined) await this.#replaceRefused(slot);
        due.push(slot);
      } else if (slot.nonce === spent && this.#isStuck(slot, now)) {
        Object.assign(slot, { accepted: false, probing: true });
        due.push(slot);
      }
    }
    if (due.length > 0) this.send(due);
  }

  #isStuck(slot: Slot, now: number): boolean {
    const { limits, chain } = this.#ports;
    return now - slot.sentAt >= limits.stuckMs && chain.number - slot.sentHead >= limits.stuckBlocks;
  }

  /** Newest nonces that no node can have: their jobs go to other signers, or end when nobody would take them. */
  async #takeBack(slots: readonly Slot[]): Promise<void> {
    const { ledger } = this.#ports;
    for (let index = slots.length - 1; index >= 0; index--) {
      const slot = slots[index] as Slot;
      const verdict = slot.refusal?.verdict;
      if (slot.leaked || slot.retryAt === Number.POSITIVE_INFINITY) return;
      if (slot.nonce !== this.account.record.nextNonce - 1) return;
      const dear = isDear(this.#jobOf(slot)) ? UNPAYABLE : undefined;
      if (verdict !== "insufficient-funds" && verdict !== "invalid") return;
      const failure = verdict === "invalid" ? refusedFailure(slot) : dear;
      if (!(await ledger.unbind(this.account, slot, failure))) return;
    }
  }

  /** A better price for what was too cheap, and a transfer of nothing in place of what no node takes. */
  async #replaceRefused(slot: Slot): Promise<void> {
    const { verdict } = slot.refusal ?? {};
    if (verdict === "underpriced") await this.#replaceStuck(slot);
    if (verdict === "invalid" && newest(slot).kind === "job") await this.cancel(slot, refusedFailure(slot));
    slot.refusal = undefined;
  }

  async #replaceStuck(slot: Slot): Promise<void> {
    const { chain, alert, ledger } = this.#ports;
    const old = newest(slot);
    const price = chain.fees.replacing(old);
    if (price === undefined) {
      alert({
        kind: "fee-cap",
        message: `nonce ${slot.nonce} of ${this.address} waits: the cap allows no higher price`,
      });
      return;
    }
    const again = await this.#resigned(slot, old, price);
    if (again === undefined) return;
    const wei = (parseTransaction(again.raw).gas ?? CANCEL_GAS) * (again.maxFee - old.maxFee);
    const left = ledger.allowance(this.account);
    if (left === undefined || wei <= left) await ledger.addAttempt(this.account, slot, again, wei);
    else
      alert({ kind: "spending-limit", message: `nonce ${slot.nonce} of ${this.address} waits: it has spent its own` });
  }

  async #resigned(slot: Slot, old: Attempt, price: Price): Promise<Attempt | undefined> {
    if (this.#signer === undefined) return undefined;
    const job = this.#jobOf(slot);
    if (old.kind === "cancel" || job === undefined) return await this.#signCancel(slot.nonce, price);
    return await this.#sign("job", slot.nonce, job.call, parseTransaction(old.raw).gas ?? CANCEL_GAS, price);
  }

  #jobOf(slot: Slot): Job | undefined {
    return slot.jobId === undefined ? undefined : this.#ports.ledger.openJob(slot.jobId);
  }

  #signCancel(nonce: number, price: Price): Promise<Attempt> {
    return this.#sign("cancel", nonce, { to: this.address, data: "0x", value: 0n }, CANCEL_GAS, price);
  }

  /** Competes with the job for its nonce; which of the two is mined decides. */
  async cancel(slot: Slot, failure: JobFailure): Promise<void> {
    const { chain, ledger } = this.#ports;
    const price = chain.fees.replacing(newest(slot));
    if (price === undefined || this.#signer === undefined) return;
    const attempt = await this.#signCancel(slot.nonce, price);
    // At most one of the two is mined: what the job may cost is promised already.
    await ledger.addAttempt(this.account, slot, attempt, 0n, failure);
  }

  /** Spends nonces of nobody that the chain waits for. */
  async heal(nonces: readonly number[]): Promise<void> {
    const { ledger, chain, alert } = this.#ports;
    const slots: Slot[] = [];
    for (const nonce of nonces) {
      const known = await ledger.reopen(this.account, nonce);
      if (known === undefined && this.#signer !== undefined) {
        await ledger.fill(this.account, nonce, chain.number, await this.#signCancel(nonce, chain.fees.price()));
      }
      const slot = known ?? this.account.slots.get(nonce);
      if (slot !== undefined) slots.push(slot);
    }
    alert({ kind: "gap-healed", message: `${slots.length} nonces of ${this.address} from ${nonces[0]}` });
    this.send(slots);
  }
}

const UNPAYABLE: JobFailure = { code: "INSUFFICIENT_FUNDS", message: "its value is more than its signer has" };

/** One that moves money: it must not take signers out of the rotation that have enough for the others. */
function isDear(job: Job | undefined): boolean {
  return job !== undefined && job.call.value > 0n && job.pinned === undefined;
}

function refusedFailure(slot: Slot): JobFailure {
  return { code: "REFUSED", message: `the node takes it never: ${slot.refusal?.message ?? ""}` };
}
