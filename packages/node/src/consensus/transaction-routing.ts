import { FULL_SPREAD_AGE } from "@tributary/protocol/consensus/parameters";
import { proposers, spread } from "@tributary/protocol/consensus/routing";
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
import type { Hex, PoolEntry } from "./ports.ts";
import type { ProposalBuilder } from "./proposal-builder.ts";
import type { Turn } from "./turn.ts";

/** Milliseconds between two looks at the pool: arrivals in between share one FORWARD. */
const SCAN_MS = 15;
/** A look at a full pool takes its time: at most one part in so many goes there, and so many entries are looked at in one go. */
const SCAN_SHARE = 8;
const SCAN_ENTRIES = 2_048;
/**
 * Milliseconds of waiting that count as much as one height of age. Heights with transactions make the age grow; on a
 * quiet chain a silent assignee could otherwise hold a transaction back for ever. Where heights take longer, waiting
 * counts for less, or a backlog would be sent to all members, which slows the heights down further.
 */
const WAIT_PER_AGE_MS = 1_000;
const MAX_WAIT_PER_AGE_MS = 4_000;
/** Hashes that came by FORWARD, over twice those that waited at the last look at them, after which they are looked at again. */
const FOREIGN_SLACK = 1_024;

/**
 * Age up to which a transaction in another member's undecided proposal is left to that one: it is most likely accepted,
 * and on a busy chain the heights in work would else hold most transactions several times. Whoever proposes and sees to
 * it that this is not accepted holds a transaction back for so long at most.
 */
const OFFERED_AGE = 2 * FULL_SPREAD_AGE;

/**
 * Heights of age after which who only follows says again what waits with it, then to everybody. It proposes nothing itself,
 * and members whose pools had no room, or who were between two epochs, have forgotten it.
 */
const AGAIN_AGE = 64;

type Track = {
  readonly since: number;
  forwarded: readonly Seat[];
  /** Age at which a follower says it again. */
  again: number;
  /** The last whole look that saw it. */
  look: number;
};

/**
 * A look at everything that waits, as far as it got. `work`: whether something was found that is for this member to
 * propose; `whole`: whether that counts for all that was seen.
 */
type Look = { readonly entries: Iterator<PoolEntry>; seen: number; work: boolean; whole: boolean };

const NOBODY: readonly Seat[] = [];

/** Sends waiting transactions to those whose turn it is to propose them, and tells the core of own work. consensus.md 9. */
export class TransactionRouting {
  readonly #context: MemberContext;
  readonly #turn: Turn;
  readonly #assignment: Assignment;
  readonly #builder: ProposalBuilder;
  readonly #tracks = new Map<string, Track>();
  /** What became executable since the last look; a whole look does without. */
  #arrived: PoolEntry[] = [];
  /** The whole look that goes on, and whether another one is to follow. */
  #looking: Look | undefined;
  #whole = true;
  #looks = 0;
  /** What waits here and came by FORWARD: others forward it. */
  readonly #foreign = new Set<Hex>();
  #foreignRoom = FOREIGN_SLACK;
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
    builder.eligibility((entry, height) => {
      const age = this.#age(entry, this.#tracks.get(entry.hash), context.ports.clock.now());
      return this.#elsewhere(entry, age) ? undefined : this.#rank(entry, height, age);
    });
  }

  /** Hashes kept of what others forward. */
  get foreign(): number {
    return this.#foreign.size;
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
    const now = this.#context.ports.clock.now();
    const height = this.#beginHeight(now);
    if (!this.#finds(height, now)) this.#tell(false);
    // What it found before may be what the proposal took.
    if (this.#looking !== undefined) Object.assign(this.#looking, { work: false, whole: false });
    this.look();
  }

  onForward(message: ForwardMessage): void {
    for (const { raw, age } of message.transactions) {
      const hash = this.#context.ports.pool.accept(raw, age);
      // What a client gave to this member stays its own duty, whoever sends it back.
      if (hash !== undefined && !this.#tracks.has(hash)) this.#foreign.add(hash);
    }
    if (this.#foreign.size > this.#foreignRoom) this.#forgetForeign();
  }

  /** A link came up: what went to that member may be lost, so it counts as not sent. */
  peerUp(seat: Seat): void {
    for (const track of this.#tracks.values()) track.forwarded = track.forwarded.filter((other) => other !== seat);
    this.look();
  }

  #scan(): void {
    const { ports } = this.#context;
    const now = ports.clock.now();
    this.#lastScan = now;
    const height = this.#beginHeight(now);
    const outgoing = new Map<Seat, Forwarded[]>();
    const arrived = this.#arrived;
    this.#arrived = [];
    let work: boolean | undefined;
    // A look that begins now sees them.
    if (this.#looking !== undefined || !this.#whole) {
      for (const entry of arrived) if (this.#examine(entry, height, now, outgoing)) work = true;
    }
    if (this.#looking !== undefined || this.#whole) work = this.#lookOn(height, now, outgoing) ?? work;
    this.#scanTook = ports.clock.now() - now;
    for (const [seat, transactions] of outgoing) this.#send(seat, transactions);
    if (work !== undefined) this.#tell(work);
    if (this.#looking !== undefined || this.#whole) this.#schedule();
  }

  /** Goes on with the look at everything. Whether there is own work, once that is known; undefined before. */
  #lookOn(height: Height, now: number, outgoing: Map<Seat, Forwarded[]>): boolean | undefined {
    const looking = this.#looking ?? this.#beginLook();
    for (let left = SCAN_ENTRIES; left > 0; left--) {
      const { done, value } = looking.entries.next();
      if (done === true) {
        this.#looking = undefined;
        if (this.#tracks.size > looking.seen) this.#forgetTracks();
        return looking.work || (looking.whole ? false : undefined);
      }
      looking.seen += 1;
      looking.work = this.#examine(value, height, now, outgoing) || looking.work;
    }
    return looking.work ? true : undefined;
  }

  #beginLook(): Look {
    this.#whole = false;
    this.#looks += 1;
    const entries = this.#context.ports.pool.ready()[Symbol.iterator]();
    this.#looking = { entries, seen: 0, work: false, whole: true };
    return this.#looking;
  }

  /** Forwards it where it is due. Whether it is for this member to propose. */
  #examine(entry: PoolEntry, height: Height, now: number, outgoing: Map<Seat, Forwarded[]>): boolean {
    const track = this.#track(entry.hash, now);
    if (this.#builder.inFlight(entry.hash)) return false;
    const age = this.#age(entry, track, now);
    if (this.#elsewhere(entry, age)) return false;
    if (!this.#foreign.has(entry.hash)) this.#forward(entry, track, height, age, outgoing);
    return this.#rank(entry, height, age) !== undefined;
  }

  /** Whether anything that waits is for this member to propose: looks no further than to the first. */
  #finds(height: Height, now: number): boolean {
    for (const entry of this.#context.ports.pool.ready()) {
      if (this.#builder.inFlight(entry.hash)) continue;
      const age = this.#age(entry, this.#tracks.get(entry.hash), now);
      if (!this.#elsewhere(entry, age) && this.#rank(entry, height, age) !== undefined) return true;
    }
    return false;
  }

  /** The height in work, and when it came to be that. */
  #beginHeight(now: number): Height {
    const height = this.#context.ordered + 1;
    if (height !== this.#current.height) {
      this.#current = { height, since: now, before: now - this.#current.since };
    }
    return height;
  }

  #tell(work: boolean): void {
    if (work === this.#work) return;
    this.#work = work;
    this.#turn.input({ kind: "work", pending: work }, { kind: "work", pending: work });
  }

  #track(hash: string, now: number): Track {
    let track = this.#tracks.get(hash);
    if (track === undefined) {
      track = { since: now, forwarded: NOBODY, again: AGAIN_AGE, look: this.#looks };
      this.#tracks.set(hash, track);
    }
    track.look = this.#looks;
    return track;
  }

  /** Of what waits no longer. */
  #forgetTracks(): void {
    for (const [hash, { look }] of this.#tracks) if (look !== this.#looks) this.#tracks.delete(hash);
  }

  #forgetForeign(): void {
    const { pool } = this.#context.ports;
    for (const hash of this.#foreign) if (!pool.has(hash)) this.#foreign.delete(hash);
    this.#foreignRoom = FOREIGN_SLACK + 2 * this.#foreign.size;
  }

  /** Heights of age, or as many seconds here. */
  #age(entry: PoolEntry, track: Track | undefined, now: number): number {
    const since = track?.since ?? now;
    const perAge = Math.min(Math.max(this.#current.before, WAIT_PER_AGE_MS), MAX_WAIT_PER_AGE_MS);
    return Math.max(entry.age, Math.floor((now - since) / perAge));
  }

  /** Another member's proposal holds it, for as long as that counts. */
  #elsewhere({ hash }: PoolEntry, age: number): boolean {
    return age < OFFERED_AGE && this.#builder.offered(hash);
  }

  /** The own place among the assignees, if its turn has come. */
  #rank(entry: PoolEntry, height: Height, age: number): number | undefined {
    const { config, observer, up } = this.#context;
    if (observer) return undefined;
    const seats = this.#assignment.assignees(entry.sender, height);
    if (seats === undefined) return age >= FULL_SPREAD_AGE ? 1 : undefined;
    const rank = seats.indexOf(config.seat);
    const led = seats.some((seat, place) => place < rank && up.has(seat));
    return rank < (led ? proposers : spread)(age, config.members) ? rank : undefined;
  }

  /** To every assignee within reach that did not get it. Where none of them is up, to the first one that is. */
  #forward(entry: PoolEntry, track: Track, height: Height, waited: number, outgoing: Map<Seat, Forwarded[]>): void {
    const { config, observer, up } = this.#context;
    // Who only follows knows no order, and so no assignment: what a client gave it, as a member that it was, goes to
    // so many that one of them is honest.
    const anybody = observer ? [...up].slice(0, waited < AGAIN_AGE ? this.#context.oneHonest : up.size) : undefined;
    if (observer && waited >= track.again) {
      track.forwarded = NOBODY;
      track.again = waited + AGAIN_AGE;
    }
    const seats = this.#assignment.assignees(entry.sender, height) ?? anybody;
    if (seats === undefined) return;
    const first = seats.findIndex((seat) => seat === config.seat || up.has(seat));
    let age = waited;
    while (age < FULL_SPREAD_AGE && spread(age, config.members) <= first) age += 1;
    const places = Math.min(spread(age, config.members), seats.length);
    for (let place = Math.max(first, 0); place < places; place++) {
      const seat = seats[place];
      if (seat === undefined || seat === config.seat || !up.has(seat) || track.forwarded.includes(seat)) continue;
      track.forwarded = [...track.forwarded, seat];
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
