// One binary agreement with free inputs under a random adversary: reaches the mixed inputs and the late rounds that full
// heights rarely show.

import { BinaryAgreement } from "@tributary/protocol/consensus/binary-agreement";
import type { VoteKind, VoteRecord } from "@tributary/protocol/consensus/types";
import type { ValueSet } from "@tributary/protocol/consensus/vote-set";
import { maxFaulty, quorum } from "@tributary/protocol/quorum";
import { Byzantine, type Ledger } from "./byzantine.ts";
import { EventQueue } from "./event-queue.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";

export type BinaryRun = {
  readonly violations: readonly string[];
  readonly steps: number;
  readonly reachedCoin: boolean;
  readonly ledger: Ledger;
};

type Event = {
  readonly to: number;
  readonly from: number;
  readonly what:
    | { readonly kind: "vote"; readonly vote: VoteKind; readonly round: number; readonly values: ValueSet }
    | { readonly kind: "share"; readonly round: number };
};

class BinarySimulation {
  readonly #members: number;
  readonly #random: Random;
  readonly #honest: readonly number[];
  readonly #faulty: readonly number[];
  readonly #scheduler: Scheduler;
  readonly #byzantine: Byzantine;
  readonly #agreements = new Map<number, BinaryAgreement>();
  readonly #queue = new EventQueue<Event>();
  readonly #violations = new Set<string>();
  readonly #coins = new Map<number, 0 | 1>();
  readonly #shares = new Map<string, Set<number>>();
  readonly #seen = new Set<string>();
  readonly #said = new Map<string, number>();
  readonly #inputs = new Set<number>();
  #reachedCoin = false;

  constructor(members: number, seed: number) {
    this.#members = members;
    this.#random = new Random(seed);
    const seats = Array.from({ length: members }, (_, seat) => seat);
    for (let i = seats.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1);
      [seats[i], seats[j]] = [seats[j] as number, seats[i] as number];
    }
    this.#faulty = seats.slice(0, maxFaulty(members));
    this.#honest = seats.slice(maxFaulty(members));
    this.#scheduler = new Scheduler(members, this.#honest, this.#random);
    this.#byzantine = new Byzantine(this.#random, this.#scheduler);
  }

  run(budget: number): BinaryRun {
    const firstCoin = this.#random.bit();
    const ones = this.#random.pick([0.2, 0.5, 0.8, 1, 0]);
    for (const seat of this.#honest) {
      const agreement = new BinaryAgreement(this.#members, seat);
      this.#agreements.set(seat, agreement);
      agreement.open(firstCoin);
    }
    for (const [seat, agreement] of this.#agreements) {
      const value = this.#random.chance(ones) ? 1 : 0;
      this.#inputs.add(value);
      agreement.input(value);
      this.#emit(seat, agreement);
    }
    let steps = 0;
    for (; steps < budget && !this.#finished(); steps++) {
      const event = this.#queue.take();
      if (event === undefined) break;
      this.#deliver(event);
    }
    this.#judge();
    return {
      violations: [...this.#violations],
      steps,
      reachedCoin: this.#reachedCoin,
      ledger: this.#byzantine.ledger,
    };
  }

  #finished(): boolean {
    for (const agreement of this.#agreements.values()) if (agreement.decision === undefined) return false;
    return true;
  }

  #deliver({ to, from, what }: Event): void {
    const agreement = this.#agreements.get(to);
    if (agreement === undefined) return;
    if (what.kind === "vote") agreement.vote(from, what.vote, what.round, what.values);
    else {
      const key = `${to} ${what.round}`;
      const shares = this.#shares.get(key) ?? new Set();
      this.#shares.set(key, shares.add(from));
      if (shares.size === quorum(this.#members)) agreement.coin(what.round, this.#coin(what.round));
    }
    this.#emit(to, agreement);
  }

  #coin(round: number): 0 | 1 {
    const coin = this.#coins.get(round) ?? this.#random.bit();
    this.#coins.set(round, coin);
    return coin;
  }

  #emit(seat: number, agreement: BinaryAgreement): void {
    for (const output of agreement.take()) {
      if (output.kind === "coin") this.#shareCoin(seat, output.round);
      else if (output.kind === "vote") this.#vote(seat, output.vote, output.round, output.values);
      else if (output.kind === "contradiction" && !this.#faulty.includes(output.from)) {
        this.#violations.add("an honest member was accused");
      }
    }
  }

  #shareCoin(seat: number, round: number): void {
    this.#reachedCoin = true;
    if (!this.#said.has(`${seat} conf ${round}`)) this.#violations.add("coin share before the own CONF");
    for (const to of this.#honest) this.#post(seat, to, { kind: "share", round });
    if (this.#seen.has(`share ${round}`)) return;
    this.#seen.add(`share ${round}`);
    for (const from of this.#faulty) {
      for (const to of this.#honest) {
        if (this.#byzantine.sends("coin", 0.5)) this.#post(from, to, { kind: "share", round });
      }
    }
  }

  #vote(seat: number, vote: VoteKind, round: number, values: ValueSet): void {
    if (vote !== "est") {
      const slot = `${seat} ${vote} ${round}`;
      const earlier = this.#said.get(slot) ?? values;
      if (earlier !== values || (vote !== "conf" && values === 3)) this.#violations.add("honest contradiction");
      this.#said.set(slot, values);
    }
    for (const to of this.#honest) if (to !== seat) this.#post(seat, to, { kind: "vote", vote, round, values });
    const key = `${vote} ${round} ${values}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const record = { kind: vote, round, zeros: BigInt(values & 1), ones: BigInt(values >> 1) };
    for (const from of this.#faulty) {
      this.#byzantine.tell(this.#honest, record, (to, records) => this.#postForged(from, to, records));
    }
  }

  #postForged(from: number, to: number, records: readonly VoteRecord[]): void {
    for (const { kind, round, zeros, ones } of records) {
      const values = (Number(zeros & 1n) | (Number(ones & 1n) << 1)) as 0 | ValueSet;
      if (values !== 0) this.#post(from, to, { kind: "vote", vote: kind, round, values });
    }
  }

  #post(from: number, to: number, what: Event["what"]): void {
    const value = what.kind === "vote" && what.values !== 3 ? ((what.values >> 1) as 0 | 1) : undefined;
    this.#queue.post(this.#scheduler.delay({ from, to, seat: 0, value }), { from, to, what });
  }

  #judge(): void {
    const decisions = new Set<number>();
    for (const agreement of this.#agreements.values()) {
      if (agreement.decision === undefined) this.#violations.add("no termination");
      else decisions.add(agreement.decision);
    }
    if (decisions.size > 1) this.#violations.add("agreement: two decisions");
    for (const value of decisions) if (!this.#inputs.has(value)) this.#violations.add("validity: nobody's input");
  }
}

/** One seeded run; `budget` in deliveries. */
export function simulateBinary(members: number, seed: number, budget: number = 400 * members ** 3): BinaryRun {
  return new BinarySimulation(members, seed).run(budget);
}
