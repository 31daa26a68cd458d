import { uint } from "@tributary/protocol/bytes/bytes";
import { ChainError } from "../chain-error.ts";

/**
 * Where a chain under development departs from what its containers say: they go on, while its clock is moved and its
 * blocks are taken back. Any other chain departs nowhere.
 */
export type Departure = {
  /** Milliseconds that blocks are ahead of the containers' time; negative where they lag behind. */
  readonly shift: number;
  /** Seconds that the next block shows, whatever its container says. */
  readonly next: number | undefined;
  /** Height of the newest container that counts as executed though its block was taken back. */
  readonly height: number;
};

export const NO_DEPARTURE: Departure = { shift: 0, next: undefined, height: 0 };

const BYTES = 24;

export function encodeDeparture({ shift, next, height }: Departure): Uint8Array {
  const bytes = Buffer.concat([new Uint8Array(8), uint(next ?? 0, 8), uint(height, 8)]);
  bytes.writeBigInt64BE(BigInt(shift));
  return bytes;
}

/** Of a store; ChainError `store-damaged`. */
export function decodeDeparture(stored: Uint8Array | undefined): Departure {
  if (stored === undefined) return NO_DEPARTURE;
  if (stored.length !== BYTES) throw new ChainError("store-damaged", "the record of the moved clock does not decode");
  const bytes = Buffer.from(stored);
  const next = Number(bytes.readBigUInt64BE(8));
  return {
    shift: Number(bytes.readBigInt64BE()),
    next: next === 0 ? undefined : next,
    height: Number(bytes.readBigUInt64BE(16)),
  };
}

/** A block's time in milliseconds, and the departure after it. `previous`: of the block before, in milliseconds. */
export function blockTime(
  departure: Departure,
  containerTime: number,
  previous: number,
): { readonly time: number; readonly departure: Departure } {
  const { shift, next } = departure;
  if (next === undefined) {
    const time = shift === 0 ? containerTime : Math.max(previous + 1, containerTime + shift);
    return { time, departure };
  }
  const time = Math.max(previous + 1, next * 1_000);
  return { time, departure: { ...departure, shift: time - containerTime, next: undefined } };
}
