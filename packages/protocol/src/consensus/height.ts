import { orderDigest } from "../wire/digests.ts";
import { ONES_GRACE_MS, RESYNC_MS, ZEROS_GRACE_MS } from "./parameters.ts";
import { Subset, type SubsetOutput } from "./subset.ts";
import type {
  Accepted,
  Effect,
  Height as HeightNumber,
  HexHash,
  Order,
  Proposal,
  Seat,
  Timer,
  VoteRecord,
} from "./types.ts";
import { seatBit, VoteSet } from "./vote-set.ts";

type Fault = "proposal" | "aux" | "conf" | "done";

/** What one height needs to know of its chain. */
export type HeightBase = {
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  readonly members: number;
  readonly seat: Seat;
};

/**
 * One height before its ORDER is held: availability of the proposals, then agreement on a subset, then D(h).
 * Dropped as a whole when ORDER(h) is held.
 */
export class Height {
  readonly height: HeightNumber;
  readonly #base: HeightBase;
  readonly #subset: Subset;
  /** The first proposal of a seat; acknowledged, or waiting for the anchor to be known. */
  readonly #proposals: (Proposal | undefined)[];
  readonly #certificates: (Proposal | undefined)[];
  readonly #accused = new Map<Fault, VoteSet>();
  /** Valid proposals seen, and those among them with a body. */
  #valid = 0n;
  #proposalCount = 0;
  #nonEmpty = false;
  #certified = 0n;
  /** D(h-1), known from the start of the agreement on. */
  #previous: HexHash | undefined;
  #decided = false;
  /** Seats decided 1 whose certificate is missing. */
  #missing = 0n;
  #effects: Effect[] = [];

  constructor(base: HeightBase, height: HeightNumber) {
    this.height = height;
    this.#base = base;
    this.#subset = new Subset(base.members, base.seat);
    this.#proposals = Array.from({ length: base.members }, () => undefined);
    this.#certificates = Array.from({ length: base.members }, () => undefined);
  }

  get agreeing(): boolean {
    return this.#subset.isOpen;
  }

  /** Seats whose valid proposal was seen. */
  get proposed(): bigint {
    return this.#valid;
  }

  get proposalCount(): number {
    return this.#proposalCount;
  }

  /** Some valid proposal has a body. */
  get nonEmpty(): boolean {
    return this.#nonEmpty;
  }

  /** Seats whose certificate is held. */
  get certified(): bigint {
    return this.#certified;
  }

  proposal(seat: Seat): Proposal | undefined {
    return this.#proposals[seat];
  }

  certificate(seat: Seat): Proposal | undefined {
    return this.#certificates[seat];
  }

  /** The round in work of the seat's instance, or -1 before its input. */
  round(seat: Seat): number {
    return this.#subset.round(seat);
  }

  /** What the driver is to do since the last call. */
  take(): readonly Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** The first valid proposal of a seat is acknowledged, for ever; a second digest is evidence. `anchor` may not be known yet. */
  propose(proposal: Proposal, anchor: HexHash | undefined): void {
    const { seat } = proposal.header;
    const first = this.#proposals[seat];
    if (first !== undefined) {
      if (first.digest !== proposal.digest) this.#accuse("proposal", seat);
      return;
    }
    if (anchor !== undefined && proposal.header.anchor !== anchor) return;
    this.#proposals[seat] = proposal;
    if (anchor !== undefined) this.#acknowledge(proposal);
  }

  /** ORDER(h-2) arrived: judges the proposals that waited for it. */
  anchored(anchor: HexHash): void {
    for (const [seat, proposal] of this.#proposals.entries()) {
      if (proposal === undefined || (this.#valid & seatBit(seat)) !== 0n) continue;
      if (proposal.header.anchor === anchor) this.#acknowledge(proposal);
      else this.#proposals[seat] = undefined;
    }
  }

  certify(proposal: Proposal): void {
    const { seat } = proposal.header;
    if (this.#certificates[seat] !== undefined) return;
    const seen = this.#proposals[seat];
    if (seen !== undefined && seen.digest !== proposal.digest) this.#accuse("proposal", seat);
    this.#certificates[seat] = proposal;
    this.#certified |= seatBit(seat);
    this.#missing &= ~seatBit(seat);
    this.#subset.certify(seat);
    this.#drain();
  }

  /** ORDER(h-1) and F(h-1-K) are held. `firstCoins`: the seats decided 1 at h-1. */
  open(previous: HexHash, firstCoins: bigint): void {
    if (this.#subset.isOpen) return;
    this.#previous = previous;
    this.#subset.open(firstCoins);
    this.#drain();
  }

  vote(from: Seat, records: readonly VoteRecord[]): void {
    this.#subset.vote(from, records);
    this.#drain();
  }

  coin(seat: Seat, round: number, bit: 0 | 1): void {
    this.#subset.coin(seat, round, bit);
    this.#drain();
  }

  timer(kind: Timer["kind"]): void {
    if (kind === "ones") this.#subset.releaseOnes();
    else if (kind === "zeros") this.#subset.releaseZeros();
    else if (kind === "resync" && this.#missing !== 0n) {
      for (const seat of this.#certificates.keys()) if ((this.#missing & seatBit(seat)) !== 0n) this.#fetch(seat);
      this.#setTimer("resync", RESYNC_MS);
    }
    this.#drain();
  }

  #acknowledge(proposal: Proposal): void {
    this.#valid |= seatBit(proposal.header.seat);
    this.#proposalCount += 1;
    if (proposal.header.txCount > 0) this.#nonEmpty = true;
    this.#effects.push({ kind: "acknowledge", proposal });
  }

  #drain(): void {
    for (const output of this.#subset.take()) this.#pass(output);
    this.#decide();
  }

  #pass(output: SubsetOutput): void {
    const { height } = this;
    switch (output.kind) {
      case "vote":
        this.#effects.push({ kind: "vote", height, records: output.records });
        break;
      case "coin":
        this.#effects.push({ kind: "coin", height, seat: output.seat, round: output.round });
        break;
      case "contradiction":
        this.#accuse(output.vote, output.from);
        break;
      case "grace":
        this.#setTimer(output.for, output.for === "ones" ? ONES_GRACE_MS : ZEROS_GRACE_MS);
        break;
      case "decided":
        if (output.value === 1 && this.#certificates[output.seat] === undefined) this.#miss(output.seat);
    }
  }

  /** A seat was decided 1 by others' certificates: somebody honest among its supporters has the one to pull. */
  #miss(seat: Seat): void {
    if (this.#missing === 0n) this.#setTimer("resync", RESYNC_MS);
    this.#missing |= seatBit(seat);
    this.#fetch(seat);
  }

  #fetch(seat: Seat): void {
    const others = (seatBit(this.#base.members) - 1n) & ~seatBit(this.#base.seat);
    const supporters = this.#subset.supporters(seat) & others;
    this.#effects.push({ kind: "fetch", height: this.height, seat, from: supporters === 0n ? others : supporters });
  }

  /** All instances decided and every accepted header held. */
  #decide(): void {
    if (this.#decided || !this.#subset.complete || this.#missing !== 0n || this.#previous === undefined) return;
    this.#decided = true;
    const accepted: Accepted[] = [];
    for (const [seat, proposal] of this.#certificates.entries()) {
      if (proposal !== undefined && this.#subset.decision(seat) === 1) accepted.push({ seat, proposal });
    }
    const previous = this.#previous;
    const digest = orderDigest({ ...this.#base, height: this.height }, previous, accepted);
    const order: Order = { height: this.height, digest, previous, accepted };
    this.#effects.push({ kind: "decide", order });
  }

  #accuse(fault: Fault, from: Seat): void {
    let accused = this.#accused.get(fault);
    if (accused === undefined) {
      accused = new VoteSet();
      this.#accused.set(fault, accused);
    }
    if (accused.add(from)) this.#effects.push({ kind: "evidence", fault, height: this.height, from });
  }

  #setTimer(kind: Timer["kind"], milliseconds: number): void {
    this.#effects.push({ kind: "set-timer", timer: { kind, height: this.height }, milliseconds });
  }
}
