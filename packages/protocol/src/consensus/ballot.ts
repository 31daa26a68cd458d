import { MAX_VOTE_RECORDS } from "../wire/limits.ts";
import type { Seat, VoteKind, VoteRecord } from "./types.ts";
import { seatBit, type ValueSet } from "./vote-set.ts";

const order: readonly VoteKind[] = ["est", "aux", "conf", "done"];

type OpenRecord = { kind: VoteKind; round: number; zeros: bigint; ones: bigint };

/** Gathers the votes of one step for all seats into as few records as possible. */
export class Ballot {
  #records: OpenRecord[] = [];

  add(kind: VoteKind, round: number, seat: Seat, values: ValueSet): void {
    let record = this.#records.find((candidate) => candidate.kind === kind && candidate.round === round);
    if (record === undefined) {
      record = { kind, round, zeros: 0n, ones: 0n };
      this.#records.push(record);
    }
    if ((values & 1) !== 0) record.zeros |= seatBit(seat);
    if ((values & 2) !== 0) record.ones |= seatBit(seat);
  }

  /** What was gathered, by kind and round, in pieces that fit one VOTE each. */
  take(): readonly (readonly VoteRecord[])[] {
    if (this.#records.length === 0) return [];
    const records = this.#records.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || a.round - b.round);
    this.#records = [];
    const pieces: VoteRecord[][] = [];
    for (let at = 0; at < records.length; at += MAX_VOTE_RECORDS) pieces.push(records.slice(at, at + MAX_VOTE_RECORDS));
    return pieces;
  }
}
