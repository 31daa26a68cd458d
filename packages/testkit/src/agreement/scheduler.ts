import { maxFaulty } from "@tributary/protocol/quorum";
import type { Random } from "./random.ts";

export const SCHEDULERS = [
  "uniform",
  "heavy-tail",
  "value-split",
  "seat-split",
  "starve",
  "partition",
  "zeros-first",
  "ones-first",
  "late-certificates",
] as const;

export type SchedulerName = (typeof SCHEDULERS)[number];

/** What the scheduler may look at: everything. `value` is that of a vote for one seat; undefined where there is none. */
export type Delivery = {
  readonly from: number;
  readonly to: number;
  readonly seat?: number;
  readonly value?: 0 | 1 | undefined;
  readonly certificate?: boolean;
};

/** Delays every message as it likes, but not for ever: a fair and hostile network. */
export class Scheduler {
  readonly name: SchedulerName;
  readonly #random: Random;
  readonly #group: readonly number[];
  readonly #seatGroup: readonly number[];
  readonly #starved: ReadonlySet<number>;

  constructor(members: number, honest: readonly number[], random: Random, name?: SchedulerName) {
    this.#random = random;
    this.name = name ?? random.pick(SCHEDULERS);
    this.#group = Array.from({ length: members }, () => random.bit());
    this.#seatGroup = Array.from({ length: members }, () => random.bit());
    const starved = new Set<number>();
    while (starved.size < Math.min(maxFaulty(members), honest.length)) starved.add(random.pick(honest));
    this.#starved = starved;
  }

  /** The side of a member in a split: faulty members tell the sides different things too. */
  side(member: number): number {
    return this.#group[member] ?? 0;
  }

  /** Whether votes of the same message but other seats or values should travel separately. */
  get splitsVotes(): boolean {
    return (
      this.name === "value-split" ||
      this.name === "seat-split" ||
      this.name === "zeros-first" ||
      this.name === "ones-first"
    );
  }

  delay(delivery: Delivery): number {
    const luck = this.#random.fraction();
    if (this.name === "heavy-tail") return 1 / (luck * Math.sqrt(luck) + 1e-4);
    return (1 + 9 * luck) * this.#factor(delivery);
  }

  /** Which of a message's votes are slow; the rest is fast. */
  slow(to: number, seat: number, value: 0 | 1): boolean {
    return this.#factor({ from: to, to, seat, value }) > 1;
  }

  #factor({ from, to, seat, value, certificate }: Delivery): number {
    switch (this.name) {
      case "value-split":
        return value === undefined || value === this.side(to) ? 1 : 60;
      case "seat-split":
        return value === undefined || value === (this.side(to) ^ (this.#seatGroup[seat ?? 0] ?? 0)) ? 1 : 60;
      case "starve":
        return this.#starved.has(to) || this.#starved.has(from) ? 300 : 1;
      case "partition":
        return this.side(from) === this.side(to) ? 1 : 60;
      case "zeros-first":
        return value === 1 ? 40 : 1;
      case "ones-first":
        return value === 0 ? 40 : 1;
      case "late-certificates":
        return certificate === true && this.#random.chance(0.4) ? 30 : 1;
      default:
        return 1;
    }
  }
}
