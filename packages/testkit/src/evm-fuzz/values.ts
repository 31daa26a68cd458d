import type { Random } from "../agreement/random.ts";

const top = 1n << 255n;
const all = (1n << 256n) - 1n;

/** Words at which arithmetic changes its mind. */
const corners: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 31n, 32n, 33n, 255n, 256n, 257n, all, all - 1n, top, top - 1n, top + 1n],
  ...[(1n << 64n) - 1n, 1n << 64n, (1n << 128n) - 1n, 1n << 128n, (1n << 192n) - 1n, 1n << 192n, all - 255n],
];

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

export function randomWord(random: Random): bigint {
  const bits = random.below(257);
  let value = 0n;
  for (let i = 0; i < 256; i += 64) value |= random.within((1n << 64n) - 1n) << BigInt(i);
  return bits === 0 ? 0n : value >> BigInt(256 - bits);
}

/** A word as programs meet it: mostly small or at a corner. */
export function interestingWord(random: Random): bigint {
  const kind = random.below(10);
  if (kind < 4) return BigInt(random.below(64));
  if (kind < 8) return random.pick(corners);
  return randomWord(random);
}
