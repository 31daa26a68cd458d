// A network of real cores under a seeded adversary: it schedules every message, and its f members answer every honest one
// before it arrives. Certificates, coins and signatures are ideal (a quorum of shares makes one); everything that a
// member decides is the product's code.

import { concat } from "@tributary/protocol/bytes/bytes";
import { hashBytes } from "@tributary/protocol/bytes/fields";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { Base, Effect, HexHash, Input, Order, Proposal, VoteRecord } from "@tributary/protocol/consensus/types";
import { forEachSeat, seatBit } from "@tributary/protocol/consensus/vote-set";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { maxFaulty } from "@tributary/protocol/quorum";
import { Byzantine, type Ledger, type StyleName } from "./byzantine.ts";
import { EventQueue } from "./event-queue.ts";
import { FaultyMembers } from "./faulty-members.ts";
import { Member } from "./member.ts";
import { Monitor } from "./monitor.ts";
import { Random } from "./random.ts";
import { Scheduler, type SchedulerName } from "./scheduler.ts";
import { splitVotes } from "./vote-pieces.ts";
import { genesis, group, heightOf, type Message, ProposalMint } from "./world.ts";

export type RunOptions = {
  /** Heights that every honest member has to order and finish. */
  readonly heights?: number;
  readonly scheduler?: SchedulerName;
  readonly style?: StyleName;
  /** Deliveries after which a run that has not ended is a failure. */
  readonly budget?: number;
};

export type Run = {
  readonly violations: readonly string[];
  readonly steps: number;
  readonly scheduler: SchedulerName;
  readonly style: StyleName;
  readonly crashes: number;
  /** The threshold coin was asked for. */
  readonly reachedCoin: boolean;
  readonly lastRound: number;
  readonly ledger: Ledger;
};

const K = 2;
/** The height from which on the planted nondeterminism shows. */
const FIRST_WRONG = 2;
export class Simulation {
  readonly #members: number;
  readonly #heights: number;
  readonly #budget: number;
  readonly #random: Random;
  readonly #honest: readonly number[];
  /** An honest member whose execution is planted with nondeterminism; it counts as one of the f. */
  readonly #nondeterministic: number;
  readonly #scheduler: Scheduler;
  readonly #byzantine: Byzantine;
  readonly #adversary: FaultyMembers;
  readonly #mint = new ProposalMint();
  readonly #monitor: Monitor;
  readonly #queue = new EventQueue<{ readonly to: number; readonly message: Message }>();
  readonly #cores = new Map<number, Member<Message>>();
  /** Each vote for each seat travels alone. */
  readonly #scattered: boolean;
  readonly #coins = new Map<string, 0 | 1>();
  #reachedCoin = false;
  #lastRound = 0;
  #crashes = 0;

  constructor(members: number, seed: number, options: RunOptions = {}) {
    this.#members = members;
    this.#heights = options.heights ?? 5;
    this.#budget = options.budget ?? 3000 * members * members * this.#heights;
    this.#random = new Random(seed);
    const seats = Array.from({ length: members }, (_, seat) => seat);
    for (let i = seats.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1);
      [seats[i], seats[j]] = [seats[j] as number, seats[i] as number];
    }
    const diverging = maxFaulty(members) > 0 && this.#random.chance(0.1);
    const faulty = maxFaulty(members) - (diverging ? 1 : 0);
    this.#honest = seats.slice(faulty);
    this.#nondeterministic = diverging ? (this.#honest[0] as number) : -1;
    this.#scheduler = new Scheduler(members, this.#honest, this.#random, options.scheduler);
    this.#byzantine = new Byzantine(this.#random, this.#scheduler, options.style);
    this.#monitor = new Monitor(members, genesis);
    this.#scattered = this.#random.chance(members < 8 ? 0.5 : 0.05);
    this.#adversary = new FaultyMembers({
      members,
      honest: this.#honest,
      faulty: seats.slice(0, faulty),
      scattered: this.#scattered,
      random: this.#random,
      scheduler: this.#scheduler,
      byzantine: this.#byzantine,
      mint: this.#mint,
      post: (to, delay, message) => this.#post(to, delay, message),
    });
  }

  run(): Run {
    const crashing = this.#random.chance(0.15);
    for (const seat of this.#honest) {
      const member = new Member<Message>(this.#base(seat), crashing);
      this.#cores.set(seat, member);
      this.#apply(member, member.start());
      this.#local(seat, 0, { kind: "work", pending: this.#random.chance(0.5) });
    }
    if (crashing) {
      for (let i = 0; i <= maxFaulty(this.#members); i++) {
        this.#post(this.#random.pick(this.#honest), 400 * this.#random.fraction(), { kind: "restart" });
      }
    }
    let steps = 0;
    for (; steps < this.#budget && !this.#finished(); steps++) {
      const event = this.#queue.take();
      if (event === undefined) break;
      this.#deliver(event.to, event.message);
    }
    this.#judge();
    return {
      violations: this.#monitor.violations,
      steps,
      scheduler: this.#scheduler.name,
      style: this.#byzantine.style,
      crashes: this.#crashes,
      reachedCoin: this.#reachedCoin,
      lastRound: this.#lastRound,
      ledger: this.#byzantine.ledger,
    };
  }

  #base(seat: number): Base {
    return {
      members: this.#members,
      seat,
      group,
      era: 1,
      epoch: 1,
      firstHeight: 1,
      ordered: 0,
      orderDigest: genesis,
      previousDigest: genesis,
      accepted: seatBit(this.#members) - 1n,
      final: 0,
    };
  }

  #finished(): boolean {
    for (const { core } of this.#cores.values()) {
      if (core.ordered < this.#heights || core.final < this.#heights) return false;
    }
    return true;
  }

  #judge(): void {
    if (!this.#finished()) this.#monitor.report("no termination");
    for (const { core, seat, executed, certified } of this.#cores.values()) {
      if (seat !== this.#nondeterministic) {
        if (core.diverged) this.#monitor.report("an honest execution diverged");
        continue;
      }
      const compared = [...certified].some((height) => height >= FIRST_WRONG && height <= executed);
      if (compared !== core.diverged) this.#monitor.report("a divergence went unnoticed");
    }
  }

  #post(to: number, delay: number, message: Message): void {
    if (this.#cores.has(to)) this.#queue.post(delay, { to, message });
  }

  #local(to: number, delay: number, input: Input): void {
    this.#post(to, delay, { kind: "local", input });
  }

  #toAll(from: number, message: Message): void {
    const certificate = message.kind === "certificate";
    for (const to of this.#honest) {
      if (to !== from) this.#post(to, this.#scheduler.delay({ from, to, certificate }), message);
    }
  }

  #deliver(to: number, message: Message): void {
    const member = this.#cores.get(to);
    if (member === undefined || member.park(heightOf(message), message)) return;
    switch (message.kind) {
      case "ack":
        if (member.collect(`ack ${message.proposal.digest}`, message.from)) this.#certify(member, message.proposal);
        break;
      case "share":
        this.#collectCoin(member, message.from, message.height, message.seat, message.round);
        break;
      case "decide":
        this.#collectOrder(member, message.from, message.order);
        break;
      case "final":
        this.#collectFinal(member, message.from, message.height, message.hash);
        break;
      case "local":
        this.#step(member, message.input);
        break;
      case "execute":
        this.#execute(member);
        break;
      case "restart":
        this.#crashes += 1;
        if (!member.restart()) this.#monitor.report("replay differs");
        break;
      case "certificate":
        this.#monitor.held(message.proposal.digest);
        this.#step(member, message);
        break;
      case "vote":
        this.#monitor.heard(to, message.from, message.height, message.records);
        this.#step(member, message);
        break;
      default:
        this.#step(member, message);
    }
  }

  #step(member: Member<Message>, input: Input): void {
    this.#apply(member, member.step(input));
  }

  #apply(member: Member<Message>, effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.#monitor.said(member.seat, effect, (seat) => this.#cores.has(seat));
      this.#checkGates(member, effect);
      this.#perform(member, effect);
    }
  }

  #checkGates({ core }: Member<Message>, effect: Effect): void {
    if (effect.kind === "vote" && (core.ordered < effect.height - 1 || core.final < effect.height - 1 - K)) {
      this.#monitor.report("voted before the gate of the height");
    }
    if (effect.kind === "sign-final" && core.diverged) this.#monitor.report("signed FINAL after diverging");
  }

  #perform(member: Member<Message>, effect: Effect): void {
    const { seat } = member;
    switch (effect.kind) {
      case "build":
        this.#build(seat, effect.height, effect.anchor, effect.empty);
        break;
      case "propose":
        this.#toAll(seat, { kind: "proposal", proposal: effect.proposal });
        this.#adversary.proposal(effect.proposal);
        break;
      case "acknowledge":
        this.#acknowledge(member, effect.proposal);
        break;
      case "vote":
        this.#vote(seat, effect.height, effect.records);
        break;
      case "coin":
        this.#shareCoin(member, effect.height, effect.seat, effect.round);
        break;
      case "fetch":
        this.#fetch(seat, effect.height, effect.seat, effect.from);
        break;
      case "decide":
        this.#toAll(seat, { kind: "decide", from: seat, order: effect.order });
        this.#adversary.decision(effect.order);
        this.#collectOrder(member, seat, effect.order);
        break;
      case "ordered":
        this.#ordered(member, effect.order);
        break;
      case "sign-final":
        this.#toAll(seat, { kind: "final", from: seat, height: effect.height, hash: effect.hash });
        this.#adversary.final(effect.height, effect.hash);
        this.#collectFinal(member, seat, effect.height, effect.hash);
        break;
      case "set-timer": {
        const { timer } = effect;
        if (timer.kind === "heartbeat" && timer.height > this.#heights) break;
        const delay = timer.kind === "heartbeat" ? 300 : 60 * this.#random.fraction();
        this.#local(seat, delay, { kind: "timer", timer });
        break;
      }
      default:
    }
  }

  #build(seat: number, height: number, anchor: HexHash, empty: boolean): void {
    const delay = 5 * this.#random.fraction();
    this.#local(seat, delay, { kind: "built", proposal: this.#mint.make(seat, height, anchor, empty) });
    if (this.#random.chance(0.7)) this.#local(seat, delay, { kind: "work", pending: false });
  }

  #ordered(member: Member<Message>, order: Order): void {
    for (const message of member.unpark()) this.#post(member.seat, this.#random.fraction(), message);
    if (order.height < this.#heights && this.#random.chance(0.5)) {
      this.#local(member.seat, 20 * this.#random.fraction(), { kind: "work", pending: true });
    }
    this.#post(member.seat, 8 * this.#random.fraction(), { kind: "execute" });
  }

  /** Executes what is ordered and not executed; skipped orders are read from others, as catching up does. */
  #execute(member: Member<Message>): void {
    while (member.executed < member.core.ordered) {
      const height = member.executed + 1;
      const order = this.#monitor.order(height);
      if (order === undefined) return;
      member.executed = height;
      const wrong = member.seat === this.#nondeterministic && height >= FIRST_WRONG ? 1 : 0;
      const parts = [hashBytes(member.stateHash), hashBytes(order.digest), Uint8Array.of(wrong)];
      member.stateHash = toHex(keccak256(concat(...parts)));
      this.#step(member, { kind: "executed", height, hash: member.stateHash });
    }
  }

  #acknowledge(member: Member<Message>, proposal: Proposal): void {
    const proposer = proposal.header.seat;
    if (proposer === member.seat) {
      if (member.collect(`ack ${proposal.digest}`, proposer)) this.#certify(member, proposal);
    } else if (this.#cores.has(proposer)) {
      const delay = this.#scheduler.delay({ from: member.seat, to: proposer });
      this.#post(proposer, delay, { kind: "ack", from: member.seat, proposal });
    } else this.#adversary.acknowledged(proposal);
  }

  /** The proposer combines q shares, holds the certificate itself and sends it to all. */
  #certify(member: Member<Message>, proposal: Proposal): void {
    this.#toAll(member.seat, { kind: "certificate", proposal });
    this.#monitor.held(proposal.digest);
    this.#step(member, { kind: "certificate", proposal });
  }

  #fetch(to: number, height: number, seat: number, from: bigint): void {
    forEachSeat(from, (holder) => {
      const proposal = this.#cores.get(holder)?.core.certificate(height, seat);
      if (proposal === undefined) return;
      this.#post(to, this.#scheduler.delay({ from: holder, to }), { kind: "certificate", proposal });
    });
  }

  #collectCoin(member: Member<Message>, from: number, height: number, seat: number, round: number): void {
    if (!member.collect(`coin ${height} ${seat} ${round}`, from)) return;
    const slot = `${height} ${seat} ${round}`;
    const bit = this.#coins.get(slot) ?? this.#random.bit();
    this.#coins.set(slot, bit);
    this.#step(member, { kind: "coin", height, seat, round, bit });
  }

  #collectOrder(member: Member<Message>, from: number, order: Order): void {
    if (!member.collect(`order ${order.digest}`, from) || order.height <= member.core.ordered) return;
    this.#toAll(member.seat, { kind: "order", order });
    this.#step(member, { kind: "order", order });
  }

  #collectFinal(member: Member<Message>, from: number, height: number, hash: HexHash): void {
    if (!member.collect(`final ${height} ${hash}`, from)) return;
    member.certified.add(height);
    this.#step(member, { kind: "final", height, hash });
  }

  #vote(seat: number, height: number, records: readonly VoteRecord[]): void {
    for (const record of records) {
      this.#lastRound = Math.max(this.#lastRound, record.round);
      this.#adversary.vote(height, record);
    }
    for (const to of this.#honest) if (to !== seat) this.#sendVotes(seat, to, height, records);
  }

  /** Records may be spread over any number of messages: the scheduler separates the votes that it wants to be late. */
  #sendVotes(from: number, to: number, height: number, records: readonly VoteRecord[]): void {
    if (!this.#scattered && !this.#scheduler.splitsVotes) {
      this.#post(to, this.#scheduler.delay({ from, to }), { kind: "vote", from, height, records });
      return;
    }
    for (const record of records) {
      for (const { seat, value, piece } of splitVotes(this.#scheduler, this.#scattered, to, record)) {
        const delay = this.#scheduler.delay({ from, to, seat, value });
        this.#post(to, delay, { kind: "vote", from, height, records: [piece] });
      }
    }
  }

  #shareCoin(member: Member<Message>, height: number, seat: number, round: number): void {
    this.#reachedCoin = true;
    this.#toAll(member.seat, { kind: "share", from: member.seat, height, seat, round });
    this.#collectCoin(member, member.seat, height, seat, round);
    this.#adversary.coin(height, seat, round);
  }
}

/** One seeded run of several heights. */
export function simulate(members: number, seed: number, options: RunOptions = {}): Run {
  return new Simulation(members, seed, options).run();
}
