// One binary agreement. Mostefaoui, Moumen, Raynal (PODC 2014), Fig. 2, with the CONF phase of MacBrough, Cobalt
// (arXiv 1802.07240) from round 2 on; consensus.md 6 is quoted at the lines that implement it.

import { oneHonest, quorum } from "../quorum.ts";
import { ROUND_WINDOW } from "./parameters.ts";
import type { Seat, VoteKind } from "./types.ts";
import { ChoiceSet, only, type ValueSet, VoteSet } from "./vote-set.ts";

/** Rounds are u16 on the wire. */
const MAX_ROUND = 0xffff;
/** Rounds below this one have a public coin and need no CONF: safety needs a common coin, not a secret one. */
const FIRST_SECRET_ROUND = 2;

export type Bit = 0 | 1;

export type AgreementOutput =
  /** EST, AUX, DONE of one value; CONF of a set. Already counted here. */
  | { readonly kind: "vote"; readonly vote: VoteKind; readonly round: number; readonly values: ValueSet }
  /** Release the share of this round's coin. */
  | { readonly kind: "coin"; readonly round: number }
  | { readonly kind: "decided"; readonly value: Bit }
  | { readonly kind: "contradiction"; readonly vote: "aux" | "conf" | "done"; readonly from: Seat };

type Round = {
  readonly est: readonly [VoteSet, VoteSet];
  readonly aux: ChoiceSet;
  readonly conf: ChoiceSet;
  /** Values that were sent in EST. */
  sent: 0 | ValueSet;
  /** Values accepted from q EST. */
  bin: 0 | ValueSet;
  /** The value that entered `bin` first. */
  first: Bit;
  auxSent: boolean;
  /** What q AUX showed; 0 until fixed. */
  vals: 0 | ValueSet;
  /** What q CONF showed; 0 until fixed. */
  confirmed: 0 | ValueSet;
};

export class BinaryAgreement {
  readonly #members: number;
  readonly #self: Seat;
  readonly #relay: number;
  readonly #quorum: number;
  readonly #rounds: Round[] = [];
  readonly #coins = new Map<number, Bit>();
  readonly #done: ChoiceSet;
  #output: AgreementOutput[] = [];
  #open = false;
  #round = -1;
  #estimate: Bit = 0;
  #decision: Bit | undefined;
  /** The round that a decided member enters once somebody else is there; -1 when it is not waiting. */
  #lazy = -1;

  constructor(members: number, self: Seat) {
    this.#members = members;
    this.#self = self;
    this.#relay = oneHonest(members);
    this.#quorum = quorum(members);
    this.#done = new ChoiceSet(members);
  }

  get started(): boolean {
    return this.#round >= 0;
  }

  /** The round in work, or -1 before the input. */
  get round(): number {
    return this.#round;
  }

  get decision(): Bit | undefined {
    return this.#decision;
  }

  /** Members that sent EST(0,1): f+1 of them include an honest one that holds the certificate. */
  get supporters(): VoteSet {
    return this.#at(0).est[1];
  }

  /** What is to be sent and told since the last call. */
  take(): readonly AgreementOutput[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  /** Votes are only counted before this; from now on they have consequences. */
  open(firstCoin: Bit): void {
    if (this.#open) return;
    this.#open = true;
    this.#coins.set(0, firstCoin);
    this.#coins.set(1, firstCoin === 0 ? 1 : 0);
    for (let round = 0; round < this.#rounds.length; round++) {
      if (this.#rounds[round] === undefined) continue;
      this.#weigh(round, 1);
      this.#weigh(round, 0);
    }
    this.#adopt();
  }

  /** start(v): est = v; r = 0; send EST(0, v). */
  input(value: Bit): void {
    if (!this.#open || this.started) return;
    this.#estimate = value;
    this.#enter(0);
    this.#advance();
  }

  /** A vote of another member. */
  vote(from: Seat, kind: VoteKind, round: number, values: ValueSet): void {
    if (from === this.#self || round > Math.max(this.#round, 0) + ROUND_WINDOW || round > MAX_ROUND) return;
    this.#count(from, kind, round, values);
    if (this.#lazy >= 0 && this.#visited(this.#lazy)) {
      const round = this.#lazy;
      this.#lazy = -1;
      this.#enter(round);
    }
    this.#advance();
  }

  /** The coin of a round, opened by q shares. */
  coin(round: number, bit: Bit): void {
    if (round < FIRST_SECRET_ROUND || round > MAX_ROUND || this.#coins.has(round)) return;
    this.#coins.set(round, bit);
    this.#advance();
  }

  #at(round: number): Round {
    let state = this.#rounds[round];
    if (state === undefined) {
      state = {
        est: [new VoteSet(), new VoteSet()],
        aux: new ChoiceSet(this.#members),
        conf: new ChoiceSet(this.#members),
        sent: 0,
        bin: 0,
        first: 0,
        auxSent: false,
        vals: 0,
        confirmed: 0,
      };
      this.#rounds[round] = state;
    }
    return state;
  }

  #visited(round: number): boolean {
    const state = this.#rounds[round];
    return state !== undefined && state.est[0].count + state.est[1].count > 0;
  }

  #count(from: Seat, kind: VoteKind, round: number, values: ValueSet): void {
    if (kind === "est") {
      for (const value of [0, 1] as const) {
        if ((values & only(value)) !== 0 && this.#at(round).est[value].add(from)) this.#weigh(round, value);
      }
      return;
    }
    const set = kind === "done" ? this.#done : kind === "aux" ? this.#at(round).aux : this.#at(round).conf;
    // AUX and DONE carry one value: a member that says both at once contradicts itself, and its 0 counts.
    const choice: ValueSet = kind !== "conf" && values === 3 ? 1 : values;
    const added = set.add(from, choice);
    if (added === "contradiction" || choice !== values) this.#output.push({ kind: "contradiction", vote: kind, from });
    if (kind === "done" && added === "counted") this.#adopt();
  }

  /** The two thresholds of EST, in any round, past or future, also before the own input. */
  #weigh(round: number, value: Bit): void {
    if (!this.#open) return;
    const state = this.#at(round);
    // on EST(k, v) from f+1, not yet sent: send EST(k, v)
    if (state.est[value].count >= this.#relay) this.#sendEstimate(round, value);
    // on EST(k, v) from q: bin[k] += v
    if (state.est[value].count >= this.#quorum && (state.bin & only(value)) === 0) {
      if (state.bin === 0) state.first = value;
      state.bin = (state.bin | only(value)) as ValueSet;
    }
  }

  #sendEstimate(round: number, value: Bit): void {
    const state = this.#at(round);
    if ((state.sent & only(value)) !== 0) return;
    state.sent = (state.sent | only(value)) as ValueSet;
    this.#send("est", round, only(value));
  }

  #send(vote: VoteKind, round: number, values: ValueSet): void {
    this.#output.push({ kind: "vote", vote, round, values });
    this.#count(this.#self, vote, round, values);
  }

  #enter(round: number): void {
    this.#round = round;
    this.#sendEstimate(round, this.#estimate);
  }

  #advance(): void {
    while (this.started && this.#lazy < 0 && this.#finishRound());
  }

  /** Does what the round in work allows; true when the next one was entered. */
  #finishRound(): boolean {
    const round = this.#round;
    const state = this.#at(round);
    // wait bin[r] not empty; send AUX(r, first value that entered bin[r])
    if (state.bin === 0) return false;
    if (!state.auxSent) {
      state.auxSent = true;
      this.#send("aux", round, only(state.first));
    }
    const coin = round < FIRST_SECRET_ROUND ? this.#publicRound(state) : this.#secretRound(round, state);
    if (coin === undefined) return false;
    const values = round < FIRST_SECRET_ROUND ? state.vals : state.confirmed;
    // if U = {v}: est = v; if v = s: decide(v)     else: est = s
    if (values === 3) this.#estimate = coin;
    else {
      this.#estimate = values === only(1) ? 1 : 0;
      if (this.#estimate === coin) this.#decide(coin);
    }
    if (round === MAX_ROUND) return false;
    // if decided and nobody has sent EST(r+1, .): wait for one
    if (this.#decision !== undefined && !this.#visited(round + 1)) {
      this.#lazy = round + 1;
      return false;
    }
    this.#enter(round + 1);
    return true;
  }

  /** The coin of a public round once q AUX values lie in bin. */
  #publicRound(state: Round): Bit | undefined {
    return this.#fixVals(state) ? this.#coins.get(this.#round) : undefined;
  }

  /** The coin once q CONF sets lie in bin and it is opened. The own share goes out only when U is fixed. */
  #secretRound(round: number, state: Round): Bit | undefined {
    const fixed = state.vals;
    if (!this.#fixVals(state)) return undefined;
    if (fixed === 0 && state.vals !== 0) this.#send("conf", round, state.vals);
    if (state.confirmed === 0) {
      // wait q senders' CONF sets that are subsets of bin[r];  U = {v} if q of them are {v}, else {0,1}
      state.confirmed = this.#chosen(state.conf, state.bin);
      if (state.confirmed === 0) return undefined;
      this.#output.push({ kind: "coin", round });
    }
    return this.#coins.get(round);
  }

  /** wait q senders' AUX values in bin[r];  vals = {v} if q of them are AUX(v), else {0,1}. Fixed once. */
  #fixVals(state: Round): boolean {
    if (state.vals === 0) state.vals = this.#chosen(state.aux, state.bin);
    return state.vals !== 0;
  }

  /** {v} when q chose just v; {0,1} when q chose subsets of `bin`; 0 when fewer did. */
  #chosen(set: ChoiceSet, bin: 0 | ValueSet): 0 | ValueSet {
    let total = 0;
    for (const choice of [1, 2, 3] as const) {
      if ((choice & ~bin) !== 0) continue;
      const count = set.count(choice);
      if (choice !== 3 && count >= this.#quorum) return choice;
      total += count;
    }
    return total >= this.#quorum ? 3 : 0;
  }

  /** on DONE(v) from f+1: decide(v). Does not touch est or the round in work. */
  #adopt(): void {
    if (!this.#open) return;
    for (const value of [0, 1] as const) {
      if (this.#done.count(only(value)) >= this.#relay) this.#decide(value);
    }
  }

  #decide(value: Bit): void {
    if (this.#decision !== undefined) return;
    this.#decision = value;
    this.#output.push({ kind: "decided", value });
    this.#send("done", 0, only(value));
  }
}
