// Which members hold and propose a waiting transaction: a convention of honest members that keeps copies few and the
// nonces of one sender together. It cannot be checked by others. consensus.md 9.

import { compare, concat, uint } from "../bytes/bytes.ts";
import { hashBytes } from "../bytes/fields.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { ASSIGNMENT_WINDOW, FULL_SPREAD_AGE } from "./parameters.ts";
import type { Height, HexHash, Seat } from "./types.ts";
import { seatBit } from "./vote-set.ts";

/**
 * w: the height whose beacon assigns senders while `height` is proposed. Below 1 there is no beacon yet; the caller
 * takes D(0) in its place.
 */
export function assignmentHeight(height: Height): Height {
  return ASSIGNMENT_WINDOW * Math.floor(height / ASSIGNMENT_WINDOW) - 2;
}

/**
 * All seats in the order in which they take care of a sender: by keccak256(beacon(w) ‖ sender ‖ u16 seat). Seats of
 * `absent` (decided 0 at both of the last two known heights) come last.
 */
export function assignees(beacon: HexHash, sender: Uint8Array, members: number, absent: bigint): readonly Seat[] {
  const subject = concat(hashBytes(beacon), sender, uint(0, 2));
  const at = subject.length - 2;
  const keys: Uint8Array[] = [];
  const seats: Seat[] = [];
  // Thousands of senders are assigned when a window begins.
  for (let seat = 0; seat < members; seat++) {
    subject[at] = seat >> 8;
    subject[at + 1] = seat & 0xff;
    keys.push(keccak256(subject));
    seats.push(seat);
  }
  const byKey = (a: Seat, b: Seat): number => compare(keys[a] as Uint8Array, keys[b] as Uint8Array);
  if (absent === 0n) return seats.sort(byKey);
  const away = seats.map((seat) => ((absent & seatBit(seat)) === 0n ? 0 : 1));
  return seats.sort((a, b) => (away[a] ?? 0) - (away[b] ?? 0) || byKey(a, b));
}

/**
 * How many of the assignees hold and may propose a transaction that waited `age` non-empty heights: min(N, 2^age), and
 * all of them from age 3 on. A scheduler can leave out f honest proposals at every height, so only that is certain.
 */
export function spread(age: number, members: number): number {
  return age >= FULL_SPREAD_AGE ? members : Math.min(members, 2 ** age);
}

/**
 * How many of the assignees propose a transaction while one before them is within reach: who got it at this age waits
 * for another height, in which that one most likely proposes it. A height that takes long would else hold it several
 * times. From age 3 on all do.
 */
export function proposers(age: number, members: number): number {
  return spread(age >= FULL_SPREAD_AGE ? age : Math.max(0, age - 1), members);
}
