// Agreement on a subset of the seats: one binary agreement a seat, and the three rules for their inputs (consensus.md 5).
// After Ben-Or, Kelmer, Rabin (PODC 1994) and HoneyBadgerBFT Fig. 4, with JOIN because a certificate has no totality.

import { oneHonest, quorum } from "../quorum.ts";
import { Ballot } from "./ballot.ts";
import { BinaryAgreement, type Bit } from "./binary-agreement.ts";
import type { Seat, VoteRecord } from "./types.ts";
import { forEachSeat, seatBit, type ValueSet } from "./vote-set.ts";

export type SubsetOutput =
  | { readonly kind: "vote"; readonly records: readonly VoteRecord[] }
  | { readonly kind: "coin"; readonly seat: Seat; readonly round: number }
  | { readonly kind: "decided"; readonly seat: Seat; readonly value: Bit }
  | { readonly kind: "contradiction"; readonly vote: "aux" | "conf" | "done"; readonly from: Seat }
  /** Call `releaseOnes` or `releaseZeros` after the grace; speed only. */
  | { readonly kind: "grace"; readonly for: "ones" | "zeros" };

export class Subset {
  readonly #members: number;
  readonly #agreements: readonly BinaryAgreement[];
  readonly #ballot = new Ballot();
  #output: SubsetOutput[] = [];
  #open = false;
  #firstCoins = 0n;
  /** Seats whose certificate is held. */
  #certified = 0n;
  #certificates = 0;
  #ones = 0;
  #decided = 0;
  #onesGrace = false;
  #onesReleased = false;
  #zerosAllowed = false;
  #zerosReleased = false;

  constructor(members: number, self: Seat) {
    this.#members = members;
    this.#agreements = Array.from({ length: members }, () => new BinaryAgreement(members, self));
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get complete(): boolean {
    return this.#decided === this.#members;
  }

  decision(seat: Seat): Bit | undefined {
    return this.#agreements[seat]?.decision;
  }

  /** The round in work, or -1 before the input. */
  round(seat: Seat): number {
    return this.#agreements[seat]?.round ?? -1;
  }

  /** Members that claim to hold the seat's certificate. */
  supporters(seat: Seat): bigint {
    return this.#agreements[seat]?.supporters.bitmap ?? 0n;
  }

  /** What is to be sent and told since the last call. */
  take(): readonly SubsetOutput[] {
    // Votes first: a coin share must not leave before the CONF of its round.
    const votes = this.#ballot.take().map((records): SubsetOutput => ({ kind: "vote", records }));
    const output = votes.length === 0 ? this.#output : [...votes, ...this.#output];
    this.#output = [];
    return output;
  }

  /** `firstCoins`: the seats decided 1 at the height before. */
  open(firstCoins: bigint): void {
    if (this.#open) return;
    this.#open = true;
    this.#firstCoins = firstCoins;
    // All are open before any is settled: what was heard early may decide q of them at once, and zeros go to the rest.
    for (const [seat, agreement] of this.#agreements.entries()) {
      agreement.open((firstCoins & seatBit(seat)) === 0n ? 0 : 1);
    }
    for (const seat of this.#agreements.keys()) this.#settle(seat);
    this.#inputOnes();
  }

  /** The certificate of the seat is held. */
  certify(seat: Seat): void {
    if ((this.#certified & seatBit(seat)) !== 0n) return;
    this.#certified |= seatBit(seat);
    this.#certificates += 1;
    this.#inputOnes();
  }

  vote(from: Seat, records: readonly VoteRecord[]): void {
    for (const { kind, round, zeros, ones } of records) {
      forEachSeat(zeros | ones, (seat) => {
        const bit = seatBit(seat);
        const values = ((zeros & bit) === 0n ? 0 : 1) | ((ones & bit) === 0n ? 0 : 2);
        this.#agreements[seat]?.vote(from, kind, round, values as ValueSet);
        this.#settle(seat);
      });
    }
  }

  coin(seat: Seat, round: number, bit: Bit): void {
    this.#agreements[seat]?.coin(round, bit);
    this.#settle(seat);
  }

  releaseOnes(): void {
    this.#onesReleased = true;
    this.#inputOnes();
  }

  releaseZeros(): void {
    this.#zerosReleased = true;
    this.#inputZeros();
  }

  /**
   * Input 1 when the certificate is held and no input was given. Ones are held back until q certificates are here, as
   * every member gets them, and from there for a grace or until each seat of the height before is here too: then all
   * instances move in step and share their messages.
   */
  #inputOnes(): void {
    if (!this.#open || this.#certificates < quorum(this.#members)) return;
    if ((this.#firstCoins & ~this.#certified) === 0n) this.#onesReleased = true;
    if (!this.#onesReleased) {
      if (!this.#onesGrace) this.#output.push({ kind: "grace", for: "ones" });
      this.#onesGrace = true;
      return;
    }
    forEachSeat(this.#certified, (seat) => this.#input(seat, 1));
  }

  /**
   * Input 0 to every seat without input, only after q instances have decided 1. A seat that was left out at the height
   * before gets no grace, so that a dead member costs nobody time.
   */
  #inputZeros(): void {
    if (!this.#zerosAllowed) return;
    let waiting = false;
    for (const [seat, agreement] of this.#agreements.entries()) {
      if (agreement.started) continue;
      if (this.#zerosReleased || (this.#firstCoins & seatBit(seat)) === 0n) this.#input(seat, 0);
      else waiting = true;
    }
    if (waiting) this.#output.push({ kind: "grace", for: "zeros" });
  }

  #input(seat: Seat, value: Bit): void {
    const agreement = this.#agreements[seat];
    if (agreement === undefined || agreement.started) return;
    agreement.input(value);
    this.#settle(seat);
  }

  /** Hands on what one agreement put out, and applies JOIN. */
  #settle(seat: Seat): void {
    const agreement = this.#agreements[seat];
    if (agreement === undefined) return;
    // JOIN: f+1 EST(0,1) prove that an honest member holds the certificate.
    if (this.#open && !agreement.started && agreement.supporters.count >= oneHonest(this.#members)) agreement.input(1);
    for (const output of agreement.take()) {
      if (output.kind === "vote") this.#ballot.add(output.vote, output.round, seat, output.values);
      else if (output.kind === "contradiction") this.#output.push(output);
      else if (output.kind === "coin") this.#output.push({ kind: "coin", seat, round: output.round });
      else this.#decide(seat, output.value);
    }
  }

  #decide(seat: Seat, value: Bit): void {
    this.#decided += 1;
    if (value === 1) this.#ones += 1;
    this.#output.push({ kind: "decided", seat, value });
    if (!this.#zerosAllowed && this.#ones >= quorum(this.#members)) {
      this.#zerosAllowed = true;
      this.#inputZeros();
    }
  }
}
