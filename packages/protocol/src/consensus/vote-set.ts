import type { Seat } from "./types.ts";

/** Calls back for every seat of a u64 bitmap, ascending. */
export function forEachSeat(bitmap: bigint, visit: (seat: Seat) => void): void {
  for (let base = 0, rest = bitmap; rest !== 0n; base += 32, rest >>= 32n) {
    let word = Number(rest & 0xffff_ffffn);
    while (word !== 0) {
      const seat = 31 - Math.clz32(word & -word);
      visit(base + seat);
      word &= word - 1;
    }
  }
}

/** The bit of a seat in a u64 bitmap. */
export function seatBit(seat: Seat): bigint {
  return 1n << BigInt(seat);
}

/** How many seats a bitmap holds. */
export function countSeats(bitmap: bigint): number {
  let count = 0;
  forEachSeat(bitmap, () => {
    count += 1;
  });
  return count;
}

/** Who said one thing: a set of seats with its size at hand. Two 32-bit words, because bigints are slow on this path. */
export class VoteSet {
  #low = 0;
  #high = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bitmap(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  /** True when the seat was not in the set. */
  add(seat: Seat): boolean {
    const bit = 1 << (seat & 31);
    if (seat < 32) {
      if ((this.#low & bit) !== 0) return false;
      this.#low |= bit;
    } else {
      if ((this.#high & bit) !== 0) return false;
      this.#high |= bit;
    }
    this.#count += 1;
    return true;
  }
}

/** A non-empty set of binary values as a bit mask: 1 = {0}, 2 = {1}, 3 = {0,1}. */
export type ValueSet = 1 | 2 | 3;

/** The set that holds just `value`. */
export function only(value: 0 | 1): ValueSet {
  return value === 0 ? 1 : 2;
}

/**
 * Votes of which each member has one: AUX, CONF, DONE. The first counts; a second different one is a contradiction that
 * two envelopes prove.
 */
export class ChoiceSet {
  readonly #choices: Uint8Array;
  readonly #counts = [0, 0, 0, 0];

  constructor(members: number) {
    this.#choices = new Uint8Array(members);
  }

  /** How many chose exactly this set. */
  count(choice: ValueSet): number {
    return this.#counts[choice] ?? 0;
  }

  add(seat: Seat, choice: ValueSet): "counted" | "repeated" | "contradiction" {
    const earlier = this.#choices[seat];
    if (earlier === choice) return "repeated";
    if (earlier !== 0) return "contradiction";
    this.#choices[seat] = choice;
    this.#counts[choice] = this.count(choice) + 1;
    return "counted";
  }
}
