import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { toKey } from "../store/key.ts";
import type { Log } from "./receipt.ts";

export const BLOOM_BYTES = 256;

/** The three bits of an entry (yellow paper 4.4.1), as positions 0..2047 from the right. */
function bits(entry: Uint8Array): [number, number, number] {
  const hash = keccak256(entry);
  const pair = (i: number): number => (((hash[i] ?? 0) << 8) | (hash[i + 1] ?? 0)) & 2047;
  return [pair(0), pair(2), pair(4)];
}

/** Bits of the entries seen while a block is built: most logs of a block share emitter and first topic. */
export class BloomBits {
  readonly #known = new Map<string, [number, number, number]>();

  /** Adds an emitter or topic to a bloom filter. */
  add(bloom: Uint8Array, entry: Uint8Array): void {
    const key = toKey(entry);
    let positions = this.#known.get(key);
    if (positions === undefined) {
      positions = bits(entry);
      this.#known.set(key, positions);
    }
    for (const bit of positions) {
      const at = BLOOM_BYTES - 1 - (bit >> 3);
      bloom[at] = (bloom[at] ?? 0) | (1 << (bit & 7));
    }
  }

  /** The filter of some logs. */
  of(logs: readonly Log[]): Uint8Array {
    const bloom = new Uint8Array(BLOOM_BYTES);
    for (const { address, topics } of logs) {
      this.add(bloom, address);
      for (const topic of topics) this.add(bloom, topic);
    }
    return bloom;
  }
}

/** False: no log with this emitter or topic is inside. True: there may be one. */
export function mayContain(bloom: Uint8Array, entry: Uint8Array): boolean {
  return bits(entry).every((bit) => ((bloom[BLOOM_BYTES - 1 - (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0);
}

/** Merges `other` into `bloom`. */
export function mergeBloom(bloom: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < BLOOM_BYTES; i++) bloom[i] = (bloom[i] ?? 0) | (other[i] ?? 0);
}
