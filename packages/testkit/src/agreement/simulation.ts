// A network of real cores under a seeded adversary: it schedules every message, and its f members answer every honest one
// before it arrives. Certificates, coins and signatures are ideal (a quorum of shares makes one); everything that a
// member decides is the product's code.

import { concat } from "@tributary/protocol/bytes/bytes";
import { hashBytes } from "@tributary/protocol/bytes/fields";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { Base, Effect, HexHash, Input, Order, Proposal, VoteRecord } from "@tributary/protocol/consensus/types";
import { forEachSeat, seatBit } from "@tributary/protocol/consensus/vote-set";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { maxFaulty, quorum } from "@tributary/protocol/quorum";
import { orderDigest } from "@tributary/protocol/wire/digests";
import { toProposal } from "@tributary/protocol/wire/proposal-header";
import { Byzantine, type Ledger, type StyleName } from "./byzantine.ts";
import { EventQueue } from "./event-queue.ts";
import { Member } from "./member.ts";
import { Monitor } from "./monitor.ts";
import { Random } from "./random.ts";
import { Scheduler, type SchedulerName } from "./scheduler.ts";

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

type Message =
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  | { readonly kind: "ack"; readonly from: number; readonly proposal: Proposal }
  | { readonly kind: "certificate"; readonly proposal: Proposal }
  | { readonly kind: "vote"; readonly from: number; readonly height: number; readonly records: readonly VoteRecord[] }
  | {
      readonly kind: "share";
      readonly from: number;
      readonly height: number;
      readonly seat: number;
      readonly round: number;
    }
  | { readonly kind: "decide"; readonly from: number; readonly order: Order }
  | { readonly kind: "order"; readonly order: Order }
  | { readonly kind: "final"; readonly from: number; readonly height: number; readonly hash: HexHash }
  | { readonly kind: "local"; readonly input: Input }
  | { readonly kind: "execute" }
  | { readonly kind: "restart" };

const K = 2;
/** The height from which on the planted nondeterminism shows. */
const FIRST_WRONG = 2;
const group: HexHash = toHex(new Uint8Array(32).fill(0x11));
const genesis: HexHash = toHex(new Uint8Array(32).fill(0x22));

function heightOf(message: Message): number {
  switch (message.kind) {
    case "proposal":
    case "certificate":
      return message.proposal.header.height;
    case "vote":
    case "share":
      return message.height;
    default:
      return 0;
  }
}

export class Simulation {
  readonly #members: number;
  readonly #heights: number;
  readonly #budget: number;
  readonly #random: Random;
  readonly #honest: readonly number[];
  readonly #faulty: readonly number[];
  /** An honest member whose execution is planted with nondeterminism; it counts as one of the f. */
  readonly #nondeterministic: number;
  readonly #scheduler: Scheduler;
  readonly #byzantine: Byzantine;
  readonly #monitor: Monitor;
  readonly #queue = new EventQueue<{ readonly to: number; readonly message: Message }>();
  readonly #cores = new Map<number, Member<Message>>();
  /** Each vote for each seat travels alone. */
  readonly #scattered: boolean;
  readonly #provoked = new Set<string>();
  readonly #coins = new Map<string, 0 | 1>();
  /** Honest acknowledgements of faulty members' proposals. */
  readonly #acks = new Map<HexHash, number>();
  #serial = 0;
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
    this.#faulty = seats.slice(0, faulty);
    this.#honest = seats.slice(faulty);
    this.#nondeterministic = diverging ? (this.#honest[0] as number) : -1;
    this.#scheduler = new Scheduler(members, this.#honest, this.#random, options.scheduler);
    this.#byzantine = new Byzantine(this.#random, this.#scheduler, options.style);
    this.#monitor = new Monitor(members, genesis);
    this.#scattered = this.#random.chance(members < 8 ? 0.5 : 0.05);
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
        this.#answerProposal(effect.proposal);
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
        this.#answerDecision(effect.order);
        this.#collectOrder(member, seat, effect.order);
        break;
      case "ordered":
        this.#ordered(member, effect.order);
        break;
      case "sign-final":
        this.#toAll(seat, { kind: "final", from: seat, height: effect.height, hash: effect.hash });
        this.#answerFinal(effect.height, effect.hash);
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

  #proposal(seat: number, height: number, anchor: HexHash, empty: boolean): Proposal {
    this.#serial += 1;
    const bodyHash = toHex(new Uint8Array(32).fill(this.#serial & 0xff));
    const content = { bodyHash, bodyBytes: this.#serial, txCount: empty ? 0 : 1, gas: 0, checkpoints: [] };
    return toProposal({ version: 1, group, era: 1, epoch: 1, height, seat, anchor, time: this.#serial, ...content });
  }

  #build(seat: number, height: number, anchor: HexHash, empty: boolean): void {
    const delay = 5 * this.#random.fraction();
    this.#local(seat, delay, { kind: "built", proposal: this.#proposal(seat, height, anchor, empty) });
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
    } else this.#acknowledgedFaulty(proposal);
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
      this.#answerVote(height, record);
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
      for (const { seats, value } of this.#pieces(to, record)) {
        const zeros = value === 1 ? 0n : record.zeros & seats;
        const ones = value === 0 ? 0n : record.ones & seats;
        const seat = firstSeat(seats);
        const piece: VoteRecord = { kind: record.kind, round: record.round, zeros, ones };
        this.#post(to, this.#scheduler.delay({ from, to, seat, value }), {
          kind: "vote",
          from,
          height,
          records: [piece],
        });
      }
    }
  }

  #pieces(to: number, record: VoteRecord): readonly { readonly seats: bigint; readonly value: 0 | 1 | undefined }[] {
    const both = record.kind === "conf" ? record.zeros & record.ones : 0n;
    const parts: { seats: bigint; value: 0 | 1 | undefined }[] = [];
    const groups = [
      { seats: record.zeros & ~both, value: 0 as const },
      { seats: record.ones & ~both, value: 1 as const },
      { seats: both, value: undefined },
    ];
    for (const { seats, value } of groups) {
      const alone: bigint[] = [];
      let slow = 0n;
      forEachSeat(seats, (seat) => {
        if (this.#scattered) alone.push(seatBit(seat));
        else if (value !== undefined && this.#scheduler.slow(to, seat, value)) slow |= seatBit(seat);
      });
      const pieces = this.#scattered ? alone : [slow, seats & ~slow];
      for (const piece of pieces) if (piece !== 0n) parts.push({ seats: piece, value });
    }
    return parts;
  }

  #shareCoin(member: Member<Message>, height: number, seat: number, round: number): void {
    this.#reachedCoin = true;
    this.#toAll(member.seat, { kind: "share", from: member.seat, height, seat, round });
    this.#collectCoin(member, member.seat, height, seat, round);
    this.#answer("coin", `${height} ${seat} ${round}`, (from, to) => {
      if (this.#byzantine.sends("coin", 0.5)) this.#tell(from, to, { kind: "share", from, height, seat, round });
    });
  }

  /** The faulty members answer the first honest message of a slot, each to each honest member. */
  #answer(kind: string, slot: string, act: (from: number, to: number) => void): void {
    const key = `${kind} ${slot}`;
    if (this.#provoked.has(key)) return;
    this.#provoked.add(key);
    for (const from of this.#faulty) for (const to of this.#honest) act(from, to);
  }

  #tell(from: number, to: number, message: Message): void {
    this.#post(to, this.#scheduler.delay({ from, to }), message);
  }

  #answerVote(height: number, record: VoteRecord): void {
    let fresh: VoteRecord | undefined = record;
    const unseen = (value: 0 | 1, seats: bigint) => {
      let rest = 0n;
      forEachSeat(seats, (seat) => {
        const key = `${height} ${record.kind} ${record.round} ${seat} ${value}`;
        if (!this.#provoked.has(key)) rest |= seatBit(seat);
        this.#provoked.add(key);
      });
      return rest;
    };
    const zeros = unseen(0, record.zeros);
    const ones = unseen(1, record.ones);
    fresh = (zeros | ones) === 0n ? undefined : { kind: record.kind, round: record.round, zeros, ones };
    if (fresh === undefined) return;
    for (const from of this.#faulty) {
      this.#byzantine.tell(this.#honest, fresh, (to, records) => {
        for (const forged of records) {
          for (const { seats, value } of this.#pieces(to, forged)) {
            const piece = {
              kind: forged.kind,
              round: forged.round,
              zeros: value === 1 ? 0n : forged.zeros & seats,
              ones: value === 0 ? 0n : forged.ones & seats,
            };
            const delay = this.#scheduler.delay({ from, to, seat: firstSeat(seats), value });
            this.#post(to, delay, { kind: "vote", from, height, records: [piece] });
          }
        }
      });
    }
  }

  /** Faulty members acknowledge, or something else, or not; and propose: perhaps twice, perhaps on a wrong anchor. */
  #answerProposal(proposal: Proposal): void {
    const { header } = proposal;
    for (const from of this.#faulty) {
      if (this.#byzantine.sends("ack", 0.8)) this.#tell(from, header.seat, { kind: "ack", from, proposal });
      if (this.#byzantine.style !== "silent" && this.#random.chance(0.2)) {
        this.#byzantine.ledger.of("ack").forged += 1;
        const other = this.#proposal(header.seat, header.height, header.anchor, true);
        this.#tell(from, header.seat, { kind: "ack", from, proposal: other });
      }
    }
    const key = `propose ${header.height}`;
    if (this.#provoked.has(key)) return;
    this.#provoked.add(key);
    for (const from of this.#faulty) this.#proposeFaulty(from, header.height, header.anchor);
  }

  #proposeFaulty(from: number, height: number, anchor: HexHash): void {
    const wrong = this.#random.chance(0.1);
    const first = this.#proposal(from, height, wrong ? group : anchor, this.#random.chance(0.5));
    const second = this.#random.chance(0.4) ? this.#proposal(from, height, anchor, false) : first;
    const counts = this.#byzantine.ledger.of("proposal");
    if (second !== first) {
      counts.equivocated += 1;
      this.#byzantine.ledger.of("ack").equivocated += 1;
    }
    for (const to of this.#honest) {
      if (!this.#byzantine.sends("proposal", 0.9)) continue;
      if (wrong) counts.forged += 1;
      const preferred = this.#scheduler.side(to) === 0 ? first : second;
      this.#tell(from, to, { kind: "proposal", proposal: preferred });
      if (second !== first && this.#random.chance(0.3)) {
        this.#tell(from, to, { kind: "proposal", proposal: preferred === first ? second : first });
      }
    }
  }

  /** With all faulty shares a quorum is near; the certificate goes to whom it pleases. */
  #acknowledgedFaulty(proposal: Proposal): void {
    const count = (this.#acks.get(proposal.digest) ?? 0) + 1;
    this.#acks.set(proposal.digest, count);
    if (count + this.#faulty.length !== quorum(this.#members)) return;
    const from = proposal.header.seat;
    const probability = this.#random.fraction();
    let told = 0;
    for (const to of this.#honest) {
      if (!this.#byzantine.sends("certificate", probability)) continue;
      told += 1;
      const delay = this.#scheduler.delay({ from, to, certificate: true }) * this.#random.pick([1, 1, 5, 20]);
      this.#post(to, delay, { kind: "certificate", proposal });
    }
    if (told > 0 && told < this.#honest.length) this.#byzantine.ledger.of("certificate").equivocated += 1;
  }

  #answerDecision(order: Order): void {
    let forged: Order | undefined;
    this.#answerOrLie("decide", order.height, (from, lie) => {
      if (!lie) return { kind: "decide", from, order };
      forged ??= this.#forgeOrder(order);
      return { kind: "decide", from, order: forged };
    });
  }

  #forgeOrder(order: Order): Order {
    const accepted = order.accepted.slice(1);
    const slot = { group, era: 1, epoch: 1, height: order.height };
    return { ...order, accepted, digest: orderDigest(slot, order.previous, accepted) };
  }

  #answerFinal(height: number, hash: HexHash): void {
    this.#answerOrLie("final", height, (from, lie) => ({ kind: "final", from, height, hash: lie ? genesis : hash }));
  }

  /** The truth to some and a lie to others; a member that tells both equivocates. */
  #answerOrLie(kind: "decide" | "final", height: number, message: (from: number, lie: boolean) => Message): void {
    const counts = this.#byzantine.ledger.of(kind);
    const told = new Map<number, boolean>();
    this.#answer(kind, `${height}`, (from, to) => {
      if (!this.#byzantine.sends(kind, 0.7)) return;
      const lie = this.#random.chance(0.5);
      if (lie) counts.forged += 1;
      if ((told.get(from) ?? lie) !== lie) counts.equivocated += 1;
      else told.set(from, lie);
      this.#tell(from, to, message(from, lie));
    });
  }
}

function firstSeat(seats: bigint): number {
  let first = -1;
  forEachSeat(seats, (seat) => {
    if (first < 0) first = seat;
  });
  return first;
}

/** One seeded run of several heights. */
export function simulate(members: number, seed: number, options: RunOptions = {}): Run {
  return new Simulation(members, seed, options).run();
}
