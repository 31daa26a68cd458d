import { maxFaulty, quorum } from "@tributary/protocol/quorum";
import type { Random } from "../agreement/random.ts";
import { MAINCHAIN_FAULTS, type MainchainFault, MEMBER_FAULTS, type MemberFault, type Strike } from "./faults.ts";

/** Faults that come and go together. */
export type Plan = {
  readonly beyond: boolean;
  /** Milliseconds. */
  readonly lasts: number;
  readonly strikes: readonly Strike[];
  readonly mainchain?: MainchainFault;
};

const SHORTEST_MS = 300;
const LONGEST_MS = 8_000;
/** One plan in so many has trouble of the mainchain beside the members'. */
const MAINCHAIN_EVERY = 3;

/** What to strike next: in turn at most f members, each as chance has it, and more than f with one kind of fault. */
export class Planner {
  readonly #members: number;
  readonly #withDisk: readonly number[];
  readonly #random: Random;
  #bursts: MemberFault[] = [];
  #mainchain: MainchainFault[] = [];

  /** `withDisk`: members whose disk can be filled; more than f of them or none. */
  constructor(members: number, withDisk: readonly number[], random: Random) {
    this.#members = members;
    this.#withDisk = withDisk;
    this.#random = random;
  }

  /** At most f members, each with a fault of its own. */
  within(): Plan {
    const victims = this.#some(1 + this.#random.below(maxFaulty(this.#members)));
    const strikes = victims.map((node) => {
      const kinds = MEMBER_FAULTS.filter((kind) => kind !== "full disk" || this.#withDisk.includes(node));
      return { kind: this.#random.pick(kinds), victims: [node] };
    });
    const plan = { beyond: false, lasts: this.#time(), strikes };
    if (this.#random.below(MAINCHAIN_EVERY) > 0) return plan;
    // Each in turn, so that a short run has them all.
    if (this.#mainchain.length === 0) this.#mainchain = this.#shuffled(MAINCHAIN_FAULTS);
    return { ...plan, mainchain: this.#mainchain.pop() ?? "mainchain frozen" };
  }

  /** More than f members with the same fault; every kind comes before one comes again. */
  beyond(): Plan {
    const possible = MEMBER_FAULTS.filter((kind) => kind !== "full disk" || this.#withDisk.length > 0);
    if (this.#bursts.length === 0) this.#bursts = this.#shuffled(possible);
    return { beyond: true, lasts: this.#time(), strikes: [this.#burst(this.#bursts.pop() ?? "kill")] };
  }

  #burst(kind: MemberFault): Strike {
    const f = maxFaulty(this.#members);
    if (kind === "full disk") return { kind, victims: this.#withDisk };
    if (kind !== "partition") return { kind, victims: this.#some(f + 1 + this.#random.below(this.#members - f)) };
    const all = this.#shuffled(this.#everyone());
    // No part is a quorum, and none is so small that another one is.
    const first = f + 1 + this.#random.below(quorum(this.#members) - f - 1);
    const groups = [all.slice(0, first), all.slice(first)];
    return { kind, victims: all, groups };
  }

  #time(): number {
    return SHORTEST_MS + this.#random.below(LONGEST_MS - SHORTEST_MS);
  }

  #everyone(): readonly number[] {
    return Array.from({ length: this.#members }, (_, node) => node);
  }

  #some(count: number): readonly number[] {
    return this.#shuffled(this.#everyone()).slice(0, count);
  }

  #shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.map(() => left.splice(this.#random.below(left.length), 1)[0] as T);
  }
}
