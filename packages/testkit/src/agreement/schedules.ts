// Schedules written by hand against one binary agreement. Random adversaries do not find them. Every message stays in
// flight and arrives at the end of its round: a fair, merely late network.

import { BinaryAgreement } from "@tributary/protocol/consensus/binary-agreement";
import { Subset } from "@tributary/protocol/consensus/subset";
import type { VoteKind } from "@tributary/protocol/consensus/types";
import { only, type ValueSet } from "@tributary/protocol/consensus/vote-set";
import { oneHonest, quorum } from "@tributary/protocol/quorum";
import { Random } from "./random.ts";

export type ScheduleResult =
  | { readonly kind: "decided"; readonly round: number }
  | { readonly kind: "endless"; readonly rounds: number }
  | { readonly kind: "stuck"; readonly round: number; readonly why: string };

type Vote = { readonly kind: VoteKind; readonly round: number; readonly values: ValueSet };
type Packet = Vote & { readonly from: number; readonly to: number };
type Group = readonly number[];

class ScriptedNetwork {
  readonly faulty: number;
  readonly honest: Group;
  readonly #faultySeats: Group;
  readonly #agreements: readonly BinaryAgreement[];
  readonly #shares = new Map<number, Set<number>>();
  /** The estimate with which each member entered each round. */
  readonly #estimates = new Map<string, 0 | 1>();
  #box: Packet[] = [];

  constructor(faulty: number) {
    const members = 3 * faulty + 1;
    this.faulty = faulty;
    this.honest = Array.from({ length: quorum(members) }, (_, seat) => seat);
    this.#faultySeats = Array.from({ length: faulty }, (_, i) => quorum(members) + i);
    this.#agreements = this.honest.map((seat) => new BinaryAgreement(members, seat));
    for (const agreement of this.#agreements) agreement.open(1);
  }

  input(group: Group, value: 0 | 1): void {
    for (const seat of group) this.#agreement(seat).input(value);
    this.#pull();
  }

  coin(round: number, bit: 0 | 1): void {
    for (const agreement of this.#agreements) agreement.coin(round, bit);
    this.#pull();
  }

  /** The faulty members say this to the group. */
  lie(group: Group, kind: VoteKind, round: number, values: ValueSet): void {
    for (const from of this.#faultySeats) for (const to of group) this.#agreement(to).vote(from, kind, round, values);
    this.#pull();
  }

  /** Delivers what is chosen, also what that sets off, until nothing chosen is in flight. */
  deliver(choose: (packet: Packet) => boolean): void {
    for (;;) {
      const chosen = this.#box.filter(choose);
      if (chosen.length === 0) return;
      this.#box = this.#box.filter((packet) => !chosen.includes(packet));
      for (const { from, to, kind, round, values } of chosen) this.#agreement(to).vote(from, kind, round, values);
      this.#pull();
    }
  }

  /** Whether the shares that were released open the coin, with those of the faulty. */
  open(round: number): boolean {
    return (this.#shares.get(round)?.size ?? 0) + this.faulty >= quorum(3 * this.faulty + 1);
  }

  get decided(): number {
    return this.#agreements.filter(({ decision }) => decision !== undefined).length;
  }

  /** The estimates with which all entered the round; undefined where somebody has not. */
  estimates(round: number): readonly (0 | 1)[] | undefined {
    const estimates = this.honest.map((seat) => this.#estimates.get(`${seat} ${round}`));
    return estimates.every((value) => value !== undefined) ? (estimates as (0 | 1)[]) : undefined;
  }

  #agreement(seat: number): BinaryAgreement {
    return this.#agreements[seat] as BinaryAgreement;
  }

  #pull(): void {
    for (const from of this.honest) {
      for (const output of this.#agreement(from).take()) {
        if (output.kind === "coin") {
          this.#shares.set(output.round, (this.#shares.get(output.round) ?? new Set()).add(from));
        } else if (output.kind === "vote") {
          this.#send(from, { kind: output.vote, round: output.round, values: output.values });
        }
      }
    }
  }

  #send(from: number, vote: Vote): void {
    const slot = `${from} ${vote.round}`;
    if (vote.kind === "est" && !this.#estimates.has(slot)) this.#estimates.set(slot, vote.values === only(1) ? 1 : 0);
    for (const to of this.honest) if (to !== from) this.#box.push({ ...vote, from, to });
  }
}

/** Everything but DONE of rounds up to this one arrives. */
function late(network: ScriptedNetwork, round: number): void {
  network.deliver((packet) => packet.kind !== "done" && packet.round <= round);
}

function publicCoin(round: number): 0 | 1 {
  return round === 0 ? 1 : 0;
}

/**
 * The attack on MMR14: f+1 fast members see both values and open the coin; the f slow ones are then shown only the other
 * value. CONF with a quorum of q repairs it (consensus.md 6), so this ends on the real core.
 */
export function splitAfterCoin(faulty: number, seed: number, rounds: number): ScheduleResult {
  const network = new ScriptedNetwork(faulty);
  const random = new Random(seed);
  const fast = network.honest.slice(0, oneHonest(3 * faulty + 1));
  const slow = network.honest.slice(fast.length);
  const [first, rest] = [fast.slice(0, 1), fast.slice(1)];
  const among =
    (to: Group, from: Group, vote: Partial<Vote>) =>
    (packet: Packet): boolean =>
      to.includes(packet.to) &&
      from.includes(packet.from) &&
      packet.kind === vote.kind &&
      packet.round === vote.round &&
      (vote.values === undefined || packet.values === vote.values);
  network.input(fast, 0);
  network.input(slow, 1);
  let a: 0 | 1 = 0;
  for (let round = 0; round < rounds; round++) {
    const b = a === 0 ? 1 : 0;
    network.lie(first, "est", round, only(a));
    network.deliver(among(first, fast, { kind: "est", round, values: only(a) }));
    network.lie(rest, "est", round, only(b));
    network.deliver(among(rest, slow, { kind: "est", round, values: only(b) }));
    network.lie(first, "est", round, only(b));
    network.lie(rest, "est", round, only(a));
    network.deliver(among(fast, network.honest, { kind: "est", round }));
    network.lie(fast, "aux", round, only(a));
    network.deliver(among(fast, fast, { kind: "aux", round }));
    network.lie(fast, "conf", round, 3);
    network.deliver(among(fast, fast, { kind: "conf", round }));
    if (round >= 2 && !network.open(round)) return { kind: "stuck", round, why: "the coin did not open" };
    const coin = round < 2 ? publicCoin(round) : random.bit();
    const other = only(coin === 0 ? 1 : 0);
    network.lie(slow, "est", round, other);
    network.deliver(among(slow, network.honest, { kind: "est", round, values: other }));
    network.lie(slow, "aux", round, other);
    network.deliver(among(slow, network.honest, { kind: "aux", round, values: other }));
    network.lie(slow, "conf", round, other);
    network.deliver(among(slow, slow, { kind: "conf", round }));
    if (round >= 2) network.coin(round, coin);
    late(network, round);
    if (network.decided > 0) return finishFairly(network, random, round + 1);
    const estimates = network.estimates(round + 1);
    if (estimates === undefined) return { kind: "stuck", round, why: "a round did not end" };
    if (new Set(estimates).size === 1) return finishFairly(network, random, round + 1);
    a = coin;
  }
  return { kind: "endless", rounds };
}

/** The attack has lost: everything arrives from now on. */
function finishFairly(network: ScriptedNetwork, random: Random, from: number): ScheduleResult {
  for (let round = from; round < from + 200; round++) {
    network.deliver((packet) => packet.kind === "done" || packet.round <= round);
    if (round >= 2) network.coin(round, random.bit());
    network.deliver((packet) => packet.kind === "done" || packet.round <= round);
    if (network.decided === network.honest.length) return { kind: "decided", round };
  }
  return { kind: "stuck", round: from, why: "no decision in fair rounds" };
}

/**
 * A coin known before its round, as when one coin serves all instances and another has opened it: one member is shown
 * the wrong value alone, the others both. No rule of the agreement helps; hence a coin for each instance and round.
 */
export function coinKnownBefore(faulty: number, seed: number, rounds: number): ScheduleResult {
  const network = new ScriptedNetwork(faulty);
  const random = new Random(seed);
  const all = network.honest;
  const wrong = all.slice(0, oneHonest(3 * faulty + 1));
  const right = all.slice(wrong.length);
  const [alone, others] = [wrong.slice(0, 1), all.slice(1)];
  const to = (group: Group, kind: VoteKind, round: number, values?: ValueSet, from: Group = all) => {
    network.deliver(
      (packet) =>
        group.includes(packet.to) &&
        from.includes(packet.from) &&
        packet.kind === kind &&
        packet.round === round &&
        (values === undefined || packet.values === values),
    );
  };
  network.input(wrong, 0);
  network.input(right, 1);
  for (let round = 0; round < rounds; round++) {
    const coin = round < 2 ? publicCoin(round) : random.bit();
    const known = only(coin);
    const other = only(coin === 0 ? 1 : 0);
    network.lie(wrong, "est", round, other);
    to(wrong, "est", round, other);
    network.lie(all, "est", round, known);
    to(right, "est", round, known);
    to(wrong, "est", round, known);
    to(right, "est", round, known);
    network.lie(right, "est", round, other);
    to(all, "est", round);
    network.lie(wrong, "aux", round, other);
    to(wrong, "aux", round, other, wrong);
    network.lie(right, "aux", round, known);
    to(right, "aux", round);
    if (round >= 2) {
      network.lie(alone, "conf", round, other);
      to(alone, "conf", round, other, wrong);
      network.lie(others, "conf", round, 3);
      to(others, "conf", round, 3, right);
      to(others, "conf", round);
      network.coin(round, coin);
    }
    late(network, round);
    if (network.decided > 0) return { kind: "decided", round };
    const estimates = network.estimates(round + 1);
    if (estimates === undefined) return { kind: "stuck", round, why: "a round did not end" };
    if (new Set(estimates).size === 1) return { kind: "decided", round };
  }
  return { kind: "endless", rounds };
}

/**
 * A member that enters a height late: all others' votes are there already and decide q seats at its first step. It must
 * still give its 0 to the seat that was left out at the height before. True when it does.
 */
export function zerosAfterLateEntry(faulty: number): boolean {
  const members = 3 * faulty + 1;
  const late = new Subset(members, 0);
  const ones = (1n << BigInt(quorum(members))) - 1n;
  for (let from = 1; from < members; from++) {
    late.vote(from, [
      { kind: "est", round: 0, zeros: 0n, ones },
      { kind: "done", round: 0, zeros: 0n, ones },
    ]);
  }
  late.open(ones);
  for (let seat = quorum(members); seat < members; seat++) if (late.round(seat) < 0) return false;
  return true;
}
