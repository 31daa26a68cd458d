import type { HexHash } from "../consensus/types.ts";
import { fromHex, toHex } from "./hex.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** The 32 bytes of a hash that this process made or decoded itself; anything else is a bug. */
export function hashBytes(hash: HexHash): Uint8Array {
  const bytes = fromHex(hash);
  if (bytes === undefined || bytes.length !== 32) throw new RangeError(`not a 32-byte hash: ${hash}`);
  return bytes;
}

export function writeHash(writer: Writer, hash: HexHash): void {
  writer.bytes(hashBytes(hash));
}

export function readHash(reader: Reader): HexHash {
  return toHex(reader.bytes(32));
}

/** A u64 that JavaScript can hold exactly as a number; larger ones mark the input as malformed. */
export function readSafe(reader: Reader): number {
  const value = reader.u64();
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    reader.fail();
    return 0;
  }
  return Number(value);
}

/** A seat below `members`. */
export function readSeat(reader: Reader, members: number): number {
  const seat = reader.u16();
  if (seat >= members) reader.fail();
  return seat;
}

/** A bitmap of seats below `members`. */
export function readSeats(reader: Reader, members: number): bigint {
  const seats = reader.u64();
  if (seats >> BigInt(members) !== 0n) reader.fail();
  return seats;
}
