import { compare, concat, uint } from "../bytes/bytes.ts";
import { hashBytes } from "../bytes/fields.ts";
import type { HexHash, Seat } from "../consensus/types.ts";
import { keccak256 } from "../crypto/keccak.ts";

/**
 * Accepted seats in the order in which their bodies are executed: ascending by keccak256(beacon(h) ‖ u16 seat). Nobody
 * knew this permutation when the proposals were made. consensus.md 7.
 */
export function rankSeats(beacon: HexHash, seats: readonly Seat[]): readonly Seat[] {
  const prefix = hashBytes(beacon);
  return seats
    .map((seat) => ({ seat, key: keccak256(concat(prefix, uint(seat, 2))) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ seat }) => seat);
}
