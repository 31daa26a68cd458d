import type { VoteKind, VoteRecord } from "@tributary/protocol/consensus/types";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export const STYLES = ["silent", "random", "split", "mirror", "half"] as const;

export type StyleName = (typeof STYLES)[number];

/** How often each kind of message was abused. */
export type Abuse = { forged: number; withheld: number; equivocated: number };

export class Ledger {
  readonly #counts = new Map<string, Abuse>();

  of(kind: string): Abuse {
    let counts = this.#counts.get(kind);
    if (counts === undefined) {
      counts = { forged: 0, withheld: 0, equivocated: 0 };
      this.#counts.set(kind, counts);
    }
    return counts;
  }

  get entries(): IterableIterator<[string, Abuse]> {
    return this.#counts.entries();
  }

  add(other: Ledger): void {
    for (const [kind, { forged, withheld, equivocated }] of other.entries) {
      const counts = this.of(kind);
      counts.forged += forged;
      counts.withheld += withheld;
      counts.equivocated += equivocated;
    }
  }
}

/** What the faulty members of a run say. They see every honest message before it arrives and act together. */
export class Byzantine {
  readonly style: StyleName;
  readonly ledger: Ledger = new Ledger();
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #oddSeats = 0xaaaa_aaaa_aaaa_aaaan;
  /** Drives decided instances into later rounds by EST of rounds that nobody has reached. */
  readonly #drives: boolean;

  constructor(random: Random, scheduler: Scheduler, style?: StyleName) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.style = style ?? random.pick(STYLES);
    this.#drives = random.chance(0.2);
  }

  /** True when a message goes out to this member; what does not is counted as withheld. */
  sends(kind: string, probability = 1): boolean {
    const sends = this.style !== "silent" && this.#random.chance(this.style === "half" ? 0.5 : probability);
    if (!sends) this.ledger.of(kind).withheld += 1;
    return sends;
  }

  /** One faulty member's answers to all of `honest`, with a note where they differ. */
  tell(
    honest: readonly number[],
    provoked: VoteRecord,
    send: (to: number, records: readonly VoteRecord[]) => void,
  ): void {
    let first: VoteRecord | undefined;
    for (const to of honest) {
      const records = this.#votes(to, provoked);
      const [answer] = records;
      if (answer === undefined) continue;
      first ??= answer;
      if (answer.zeros !== first.zeros || answer.ones !== first.ones) this.ledger.of(answer.kind).equivocated += 1;
      send(to, records);
    }
  }

  /** Votes for member `to` in answer to the first honest record of a (kind, round). */
  #votes(to: number, provoked: VoteRecord): readonly VoteRecord[] {
    if (!this.sends(provoked.kind, 0.95)) return [];
    const seats = provoked.zeros | provoked.ones;
    const records = [this.#forge(provoked.kind, provoked.round, to, provoked)];
    if (provoked.kind === "est") {
      if (this.#random.chance(0.7)) records.push(this.#any("est", provoked.round, this.#random.within(seats)));
      records.push(this.#forge("aux", provoked.round, to, provoked));
    }
    if (this.#random.chance(0.3)) {
      const done = this.style === "split" ? this.#bySide(to, seats) : this.#random.within(seats);
      records.push(this.#record("done", 0, seats, done));
    }
    if (this.#drives && this.#random.chance(0.1))
      records.push(this.#any("est", provoked.round + 1 + this.#random.below(2), seats));
    return records.filter(({ zeros, ones }) => (zeros | ones) !== 0n);
  }

  #forge(kind: VoteKind, round: number, to: number, provoked: VoteRecord): VoteRecord {
    const seats = provoked.zeros | provoked.ones;
    if (kind === "conf" && this.style === "random") return this.#any("conf", round, seats);
    if (this.style === "mirror") return this.#record(kind, round, seats, provoked.zeros & ~provoked.ones);
    return this.#record(
      kind,
      round,
      seats,
      this.style === "split" ? this.#bySide(to, seats) : this.#random.within(seats),
    );
  }

  /** Every seat of `seats` gets one value, or for EST and CONF perhaps both. */
  #any(kind: VoteKind, round: number, seats: bigint): VoteRecord {
    this.#count(kind);
    const ones = this.#random.within(seats);
    const both = this.#random.within(seats);
    return { kind, round, zeros: (seats & ~ones) | (both & seats), ones };
  }

  #record(kind: VoteKind, round: number, seats: bigint, ones: bigint): VoteRecord {
    this.#count(kind);
    return { kind, round: kind === "done" ? 0 : round, zeros: seats & ~ones, ones: ones & seats };
  }

  #count(kind: VoteKind): void {
    this.ledger.of(kind).forged += 1;
  }

  /** Ones for one half of the seats on one side, for the other half on the other side. */
  #bySide(to: number, seats: bigint): bigint {
    return seats & (this.#scheduler.side(to) === 1 ? ~this.#oddSeats : this.#oddSeats);
  }
}
