import { FULL_SPREAD_AGE } from "@tributary/protocol/consensus/parameters";
import { spread } from "@tributary/protocol/consensus/routing";
import type { Height, Seat } from "@tributary/protocol/consensus/types";
import {
  encode,
  type Forwarded,
  type ForwardMessage,
  MAX_FORWARDED,
  maxForwardBytes,
} from "@tributary/protocol/wire/index";
import type { Assignment } from "./assignment.ts";
import type { MemberContext } from "./member-context.ts";
import type { PoolEntry } from "./ports.ts";
import type { ProposalBuilder } from "./proposal-builder.ts";
import type { Turn } from "./turn.ts";

/** Milliseconds between two looks at the pool: arrivals in between share one FORWARD. */
const SCAN_MS = 15;
/** A look at a full pool takes its time: at most one part in so many goes there. */
const SCAN_SHARE = 8;
/**
 * Milliseconds of waiting that count as much as one height of age. Heights with transactions make the age grow; on a
 * quiet chain a silent assignee could otherwise hold a transaction back for ever. Where heights take longer, waiting
 * counts for less, or a backlog would be sent to all members, which slows the heights down further.
 */
const WAIT_PER_AGE_MS = 1_000;
const MAX_WAIT_PER_AGE_MS = 4_000;
/** Hashes of transactions that came by FORWARD: others forward them. Oldest forgotten first. */
const MAX_FOREIGN = 50_000;

type Track = { readonly since: number; forwarded: bigint /** The last whole look that saw it. */; look: number };

/** Sends waiting transactions to those whose turn it is to propose them, and tells the core of own work. consensus.md 9. */
export class TransactionRouting {
  readonly #context: MemberContext;
  readonly #turn: Turn;
  readonly #assignment: Assignment;
  readonly #builder: ProposalBuilder;
  readonly #tracks = new Map<string, Track>();
  /** What became executable since the last look; a whole look does without. */
  #arrived: PoolEntry[] = [];
  #whole = true;
  #looks = 0;
  readonly #foreign = new Set<string>();
  #work = false;
  #scheduled: (() => void) | undefined;
  #lastScan = 0;
  #scanTook = 0;
  /** The height that was in work at the last look, since when, and how long the one before took. */
  #current = { height: 0, since: 0, before: 0 };
  #started = false;

  constructor(context: MemberContext, turn: Turn, assignment: Assignment, builder: ProposalBuilder) {
    this.#context = context;
    this.#turn = turn;
    this.#assignment = assignment;
    this.#builder = builder;
    builder.eligibility((entry, height) => this.#rank(entry, height, context.ports.clock.now()));
  }

  /** What the log said last. */
  replayWork(pending: boolean): void {
    this.#work = pending;
  }

  start(): void {
    this.#started = true;
    this.#context.ports.pool.onArrival((entries) => {
      if (this.#context.stopped) return;
      for (const entry of entries) this.#arrived.push(entry);
      this.#schedule();
    });
    this.look();
  }

  stop(): void {
    this.#scheduled?.();
    this.#scheduled = undefined;
  }

  /** Something in the assignment or in flight changed, or time went by: everything that waits is looked at. */
  look(): void {
    this.#whole = true;
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#started || this.#scheduled !== undefined || this.#context.stopped) return;
    const { clock } = this.#context.ports;
    const wait = Math.max(0, this.#lastScan + Math.max(SCAN_MS, SCAN_SHARE * this.#scanTook) - clock.now());
    this.#scheduled = clock.after(wait, () => {
      this.#scheduled = undefined;
      if (!this.#context.stopped) this.#scan();
    });
  }

  /** A proposal took its transactions: without this the core would fill the next height with an empty one at once. */
  recount(): void {
    if (!this.#started || !this.#work || this.#context.stopped) return;
    this.#whole = true;
    this.#scan();
  }

  onForward(message: ForwardMessage): void {
    for (const { raw, age } of message.transactions) {
      const hash = this.#context.ports.pool.accept(raw, age);
      // What a client gave to this member stays its own duty, whoever sends it back.
      if (hash !== undefined && !this.#tracks.has(hash)) this.#foreign.add(hash);
    }
    if (this.#foreign.size <= MAX_FOREIGN) return;
    for (const hash of this.#foreign) {
      if (this.#foreign.size <= MAX_FOREIGN) break;
      this.#foreign.delete(hash);
    }
  }

  /** A link came up: what went to that member may be lost, so it counts as not sent. */
  peerUp(seat: Seat): void {
    for (const track of this.#tracks.values()) track.forwarded &= ~(1n << BigInt(seat));
    this.look();
  }

  #scan(): void {
    const { ports } = this.#context;
    const now = ports.clock.now();
    this.#lastScan = now;
    const height = this.#context.ordered + 1;
    if (height !== this.#current.height) {
      this.#current = { height, since: now, before: now - this.#current.since };
    }
    const arrived = this.#arrived;
    this.#arrived = [];
    const whole = this.#whole;
    this.#whole = false;
    if (whole) this.#looks++;
    const outgoing = new Map<Seat, Forwarded[]>();
    let work = !whole && this.#work;
    let seen = 0;
    for (const entry of whole ? ports.pool.ready() : arrived) {
      seen++;
      const track = this.#track(entry.hash, now);
      if (this.#builder.inFlight(entry.hash)) continue;
      work ||= this.#rank(entry, height, now) !== undefined;
      if (!this.#foreign.has(entry.hash)) this.#forward(entry, track, height, now, outgoing);
    }
    if (whole && this.#tracks.size > seen) this.#forgetTracks();
    this.#scanTook = ports.clock.now() - now;
    for (const [seat, transactions] of outgoing) this.#send(seat, transactions);
    if (work === this.#work) return;
    this.#work = work;
    this.#turn.input({ kind: "work", pending: work }, { kind: "work", pending: work });
  }

  #track(hash: string, now: number): Track {
    let track = this.#tracks.get(hash);
    if (track === undefined) {
      track = { since: now, forwarded: 0n, look: this.#looks };
      this.#tracks.set(hash, track);
    }
    track.look = this.#looks;
    return track;
  }

  /** Of what waits no longer. */
  #forgetTracks(): void {
    for (const [hash, { look }] of this.#tracks) if (look !== this.#looks) this.#tracks.delete(hash);
  }

  /** Heights of age, or as many seconds here. */
  #age(entry: PoolEntry, now: number): number {
    const since = this.#tracks.get(entry.hash)?.since ?? now;
    const perAge = Math.min(Math.max(this.#current.before, WAIT_PER_AGE_MS), MAX_WAIT_PER_AGE_MS);
    return Math.max(entry.age, Math.floor((now - since) / perAge));
  }

  /** The own place among the assignees, if its turn has come. */
  #rank(entry: PoolEntry, height: Height, now: number): number | undefined {
    const { config, observer } = this.#context;
    if (observer) return undefined;
    const age = this.#age(entry, now);
    const seats = this.#assignment.assignees(entry.sender, height);
    if (seats === undefined) return age >= FULL_SPREAD_AGE ? 1 : undefined;
    const rank = seats.indexOf(config.seat);
    return rank < spread(age, config.members) ? rank : undefined;
  }

  /** To every assignee within reach that did not get it. Where none of them is up, to the first one that is. */
  #forward(entry: PoolEntry, track: Track, height: Height, now: number, outgoing: Map<Seat, Forwarded[]>): void {
    const { config, observer, up } = this.#context;
    // Who only follows knows no order, and so no assignment: what a client gave it, as a member that it was, goes to
    // so many that one of them is honest.
    const anybody = observer ? [...up].slice(0, this.#context.oneHonest) : undefined;
    const seats = this.#assignment.assignees(entry.sender, height) ?? anybody;
    let age = this.#age(entry, now);
    const live = (seat: Seat): boolean => seat === config.seat || up.has(seat);
    if (seats === undefined) return;
    while (age < FULL_SPREAD_AGE && !seats.slice(0, spread(age, config.members)).some(live)) age += 1;
    for (const seat of seats.slice(0, spread(age, config.members))) {
      const bit = 1n << BigInt(seat);
      if (seat === config.seat || !up.has(seat) || (track.forwarded & bit) !== 0n) continue;
      track.forwarded |= bit;
      const list = outgoing.get(seat) ?? [];
      list.push({ age, raw: entry.sealed });
      outgoing.set(seat, list);
    }
  }

  #send(seat: Seat, transactions: readonly Forwarded[]): void {
    const limit = maxForwardBytes(this.#context.limits);
    let batch: Forwarded[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (batch.length === 0) return;
      this.#context.send(seat, "bodies", "forward", encode({ kind: "forward", transactions: batch }));
      batch = [];
      bytes = 0;
    };
    for (const transaction of transactions) {
      if (transaction.raw.length > limit) continue;
      if (batch.length === MAX_FORWARDED || bytes + transaction.raw.length > limit) flush();
      batch.push(transaction);
      bytes += transaction.raw.length;
    }
    flush();
  }
}
