import type { VoteRecord } from "@tributary/protocol/consensus/types";
import { forEachSeat, seatBit } from "@tributary/protocol/consensus/vote-set";
import type { Scheduler } from "./scheduler.ts";

/** A part of a record that travels alone. `seat` is one of its seats; `value` is missing for CONF of both. */
export type VotePiece = { readonly seat: number; readonly value: 0 | 1 | undefined; readonly piece: VoteRecord };

/** Separates a record's votes by value and by how late the scheduler wants them at `to`; `scattered`: each alone. */
export function splitVotes(scheduler: Scheduler, scattered: boolean, to: number, record: VoteRecord): VotePiece[] {
  const both = record.kind === "conf" ? record.zeros & record.ones : 0n;
  const groups = [
    { seats: record.zeros & ~both, value: 0 as const },
    { seats: record.ones & ~both, value: 1 as const },
    { seats: both, value: undefined },
  ];
  const pieces: VotePiece[] = [];
  for (const { seats, value } of groups) {
    const alone: bigint[] = [];
    let slow = 0n;
    forEachSeat(seats, (seat) => {
      if (scattered) alone.push(seatBit(seat));
      else if (value !== undefined && scheduler.slow(to, seat, value)) slow |= seatBit(seat);
    });
    for (const part of scattered ? alone : [slow, seats & ~slow]) {
      if (part === 0n) continue;
      const zeros = value === 1 ? 0n : record.zeros & part;
      const ones = value === 0 ? 0n : record.ones & part;
      pieces.push({ seat: firstSeat(part), value, piece: { kind: record.kind, round: record.round, zeros, ones } });
    }
  }
  return pieces;
}

function firstSeat(seats: bigint): number {
  let first = -1;
  forEachSeat(seats, (seat) => {
    if (first < 0) first = seat;
  });
  return first;
}
