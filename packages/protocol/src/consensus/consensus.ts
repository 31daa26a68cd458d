import { oneHonest } from "../quorum.ts";
import { Finality } from "./finality.ts";
import { Height } from "./height.ts";
import { HEARTBEAT_MS, HEIGHT_WINDOW, MAX_DECIDED_NOT_FINAL, SPACING_MS } from "./parameters.ts";
import type { Base, Effect, Height as HeightNumber, HexHash, Input, Order, Proposal, Seat, Timer } from "./types.ts";
import { seatBit } from "./vote-set.ts";

/** Proposals are made at most so many heights above the highest ORDER. */
const PROPOSAL_WINDOW = 2;

const nothing: readonly Effect[] = Object.freeze([]);

/** A message that the driver might verify for the core. */
export type Wanted =
  | { readonly kind: "proposal" | "certificate"; readonly height: HeightNumber; readonly seat: Seat }
  | { readonly kind: "vote" | "coin" | "order" | "final"; readonly height: HeightNumber };

/**
 * The agreement core of one member in one epoch (SPAC, consensus.md 4 to 8). Deterministic and synchronous: the same
 * inputs in the same order give the same effects, so replaying the log restores it. An ill-timed input has no effect.
 * Inputs were verified by the driver; timers, bodies, signatures and the network are the driver's.
 */
export class Consensus {
  readonly #base: Base;
  readonly #finality: Finality;
  /** Heights c+1 .. c+HEIGHT_WINDOW, made when first needed. */
  readonly #heights = new Map<HeightNumber, Height>();
  /** c, D(c), D(c-1), and the seats decided 1 at c. */
  #ordered: HeightNumber;
  #digest: HexHash;
  #previous: HexHash;
  #accepted: bigint;
  /** Own transactions are waiting. */
  #work = false;
  /** The height that the driver builds a proposal for; 0 for none. */
  #building: HeightNumber = 0;
  /** Highest height that this member proposed. */
  #proposed: HeightNumber;
  #own: Proposal[] = [];
  #spaced = true;
  #heartbeat = false;
  /** S - 1 of the next epoch, once that is known. */
  #last = Number.POSITIVE_INFINITY;
  #effects: Effect[] = [];

  constructor(base: Base) {
    this.#base = base;
    this.#finality = new Finality(base.final);
    this.#ordered = base.ordered;
    this.#digest = base.orderDigest;
    this.#previous = base.previousDigest;
    this.#accepted = base.accepted;
    this.#proposed = base.ordered;
  }

  /** c: highest height whose ORDER is held. */
  get ordered(): HeightNumber {
    return this.#ordered;
  }

  /** D(c). */
  get orderDigest(): HexHash {
    return this.#digest;
  }

  /** Highest height whose F is held. */
  get final(): HeightNumber {
    return this.#finality.final;
  }

  /** F of some height is over another hash than the own execution gave. */
  get diverged(): boolean {
    return this.#finality.diverged;
  }

  /** Agreement on c+1 has started. */
  get agreeing(): boolean {
    return this.#heights.get(this.#ordered + 1)?.agreeing ?? false;
  }

  /** Own proposals of heights above c, ascending: what they hold is not proposed again. */
  get undecided(): readonly Proposal[] {
    return this.#own;
  }

  /** Seats whose valid proposal, and whose certificate, is held at a height above c. */
  held(height: HeightNumber): { readonly proposals: bigint; readonly certificates: bigint } {
    const state = this.#heights.get(height);
    return { proposals: state?.proposed ?? 0n, certificates: state?.certified ?? 0n };
  }

  /** By seat: 1 + the round in work at height c+1, 0 before the input. For STATUS. */
  rounds(): readonly number[] {
    const state = this.#heights.get(this.#ordered + 1);
    return Array.from({ length: this.#base.members }, (_, seat) => 1 + (state?.round(seat) ?? -1));
  }

  /** The seat's first proposal at a height above c; repeats of it need no verification. */
  proposal(height: HeightNumber, seat: Seat): Proposal | undefined {
    return this.#heights.get(height)?.proposal(seat);
  }

  certificate(height: HeightNumber, seat: Seat): Proposal | undefined {
    return this.#heights.get(height)?.certificate(seat);
  }

  /** Cheap filter before verification: false when the input could have no effect. */
  wants(message: Wanted): boolean {
    const { height } = message;
    switch (message.kind) {
      case "order":
        return height > this.#ordered && height <= this.#last;
      case "final":
        return this.#finality.wants(height);
      case "certificate":
        return this.#inWindow(height) && this.certificate(height, message.seat) === undefined;
      default:
        return this.#inWindow(height);
    }
  }

  /** The first effects: timers, and the agreement if its gate is open. */
  start(): readonly Effect[] {
    this.#armHeartbeat();
    this.#progress();
    return this.#take();
  }

  step(input: Input): readonly Effect[] {
    switch (input.kind) {
      case "work":
        this.#work = input.pending;
        break;
      case "built":
        this.#onBuilt(input.proposal);
        break;
      case "proposal":
        this.#onProposal(input.proposal);
        break;
      case "certificate":
        if (this.#belongs(input.proposal)) this.#at(input.proposal.header.height)?.certify(input.proposal);
        break;
      case "vote":
        if (input.from < this.#base.members) this.#at(input.height)?.vote(input.from, input.records);
        break;
      case "coin":
        this.#at(input.height)?.coin(input.seat, input.round, input.bit);
        break;
      case "order":
        this.#onOrder(input.order);
        break;
      case "executed":
        // A member without ORDER(h) never signs.
        if (input.height <= this.#ordered) this.#effects.push(...this.#finality.executed(input.height, input.hash));
        break;
      case "final":
        this.#effects.push(...this.#finality.certified(input.height, input.hash));
        break;
      case "timer":
        this.#onTimer(input.timer);
        break;
      case "border":
        this.#onBorder(input.first);
    }
    this.#progress();
    return this.#take();
  }

  #inWindow(height: HeightNumber): boolean {
    return height > this.#ordered && height <= Math.min(this.#ordered + HEIGHT_WINDOW, this.#last);
  }

  #at(height: HeightNumber): Height | undefined {
    if (!this.#inWindow(height)) return undefined;
    let state = this.#heights.get(height);
    if (state === undefined) {
      state = new Height(this.#base, height);
      this.#heights.set(height, state);
    }
    return state;
  }

  /** anchor = D(max(h-2, S-1)); unknown while ORDER(h-2) is not here. */
  #anchor(height: HeightNumber): HexHash | undefined {
    if (height === this.#ordered + 1) return this.#previous;
    return height === this.#ordered + 2 ? this.#digest : undefined;
  }

  #belongs({ header }: Proposal): boolean {
    const { group, era, epoch, members } = this.#base;
    return header.group === group && header.era === era && header.epoch === epoch && header.seat < members;
  }

  #onProposal(proposal: Proposal): void {
    if (!this.#belongs(proposal)) return;
    const { height } = proposal.header;
    this.#at(height)?.propose(proposal, this.#anchor(height));
  }

  #onBuilt(proposal: Proposal): void {
    const { height, seat } = proposal.header;
    if (height !== this.#building || seat !== this.#base.seat || !this.#belongs(proposal)) return;
    this.#building = 0;
    // An ORDER may have come in between: the height needs no proposal any more.
    const state = this.#at(height);
    if (state === undefined) return;
    this.#proposed = height;
    this.#own.push(proposal);
    this.#effects.push({ kind: "propose", proposal });
    state.propose(proposal, this.#anchor(height));
    this.#spaced = false;
    this.#setTimer("spacing", height, SPACING_MS);
  }

  #onOrder(order: Order): void {
    const { height } = order;
    if (height <= this.#ordered || height > this.#last) return;
    const jumped = height !== this.#ordered + 1;
    if (!jumped && order.previous !== this.#digest) return;
    this.#ordered = height;
    this.#digest = order.digest;
    this.#previous = order.previous;
    this.#accepted = 0n;
    for (const { seat } of order.accepted) this.#accepted |= seatBit(seat);
    for (const known of this.#heights.keys()) if (known <= height) this.#heights.delete(known);
    this.#own = this.#own.filter((proposal) => proposal.header.height > height);
    this.#effects.push({ kind: "ordered", order, jumped });
    this.#armHeartbeat();
    for (const next of [height + 1, height + 2]) {
      const anchor = this.#anchor(next);
      if (anchor !== undefined) this.#heights.get(next)?.anchored(anchor);
    }
  }

  /** The first word counts: S follows from what was ordered, so a second one cannot differ. */
  #onBorder(first: HeightNumber): void {
    if (this.#last !== Number.POSITIVE_INFINITY) return;
    this.#last = Math.max(first - 1, this.#ordered);
    for (const height of this.#heights.keys()) if (height > this.#last) this.#heights.delete(height);
    this.#own = this.#own.filter(({ header }) => header.height <= this.#last);
  }

  #onTimer(timer: Timer): void {
    if (timer.kind === "spacing") {
      if (timer.height === this.#proposed) this.#spaced = true;
    } else if (timer.kind === "heartbeat") {
      if (timer.height === this.#ordered + 1) this.#heartbeat = true;
    } else this.#heights.get(timer.height)?.timer(timer.kind);
  }

  #armHeartbeat(): void {
    this.#heartbeat = false;
    this.#setTimer("heartbeat", this.#ordered + 1, HEARTBEAT_MS);
  }

  #setTimer(kind: Timer["kind"], height: HeightNumber, milliseconds: number): void {
    this.#effects.push({ kind: "set-timer", timer: { kind, height }, milliseconds });
  }

  /** What became possible: the agreement on c+1, an own proposal. */
  #progress(): void {
    if (this.#gateOpen()) this.#at(this.#ordered + 1)?.open(this.#digest, this.#accepted);
    this.#considerProposal();
  }

  /** The certificate is the gate, not the own execution: a slow executor still counts as a live member. */
  #gateOpen(): boolean {
    const height = this.#ordered + 1;
    const { firstHeight } = this.#base;
    if (height > this.#last) return false;
    const needed = height === firstHeight ? firstHeight - 1 : height - 1 - MAX_DECIDED_NOT_FINAL;
    return this.#finality.final >= needed;
  }

  /** When to propose: consensus.md 4. */
  #considerProposal(): void {
    const height = Math.max(this.#proposed, this.#ordered) + 1;
    const highest = Math.min(this.#ordered + PROPOSAL_WINDOW, this.#last);
    if (!this.#spaced || height > highest || this.#building >= height) return;
    if (this.#ordered < this.#base.firstHeight && this.#finality.final < this.#base.firstHeight - 1) return;
    const anchor = this.#anchor(height);
    if (anchor === undefined || !(this.#work || this.#woken(height))) return;
    this.#building = height;
    this.#effects.push({ kind: "build", height, anchor, empty: !this.#work });
  }

  /**
   * Others have begun this height, or the next one: a member whose empty proposal for h came too early says what it has
   * at h+1, and nobody would ask for h.
   */
  #woken(height: HeightNumber): boolean {
    if (this.#heartbeat && height === this.#ordered + 1) return true;
    return [height, height + 1].some((at) => {
      const state = this.#heights.get(at);
      return state !== undefined && (state.nonEmpty || state.proposalCount >= oneHonest(this.#base.members));
    });
  }

  #take(): readonly Effect[] {
    for (const height of [...this.#heights.keys()].sort((a, b) => a - b)) {
      const effects = this.#heights.get(height)?.take() ?? [];
      if (effects.length > 0) this.#effects.push(...effects);
    }
    if (this.#effects.length === 0) return nothing;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
