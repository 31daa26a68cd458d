import { concat, toBigInt, uint } from "../bytes/bytes.ts";
import { type Tag, tagHash } from "./digest.ts";
import { keccak256 } from "./keccak.ts";

// Arithmetic modulo r with BigInt is not constant in time. Secret scalars pass through here only during key generation,
// on the owner's machine, a few times an epoch; signing shares goes through blst, which is constant in time.

/** r: the order of G1 and G2 of BLS12-381. */
export const ORDER: bigint = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

export function reduce(value: bigint): bigint {
  const rest = value % ORDER;
  return rest < 0n ? rest + ORDER : rest;
}

/** The inverse modulo r of a value that is not 0 modulo r. */
export function invert(value: bigint): bigint {
  let [a, b, u, v] = [reduce(value), ORDER, 1n, 0n];
  if (a === 0n) throw new RangeError("0 has no inverse");
  while (a !== 0n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [u, v] = [v - quotient * u, u];
  }
  return reduce(v);
}

/** 32 bytes, big-endian. */
export function scalarToBytes(value: bigint): Uint8Array {
  return uint(value, 32);
}

/** The scalar of 32 bytes, or undefined where they are not below r. */
export function scalarFromBytes(bytes: Uint8Array): bigint | undefined {
  if (bytes.length !== 32) return undefined;
  const value = toBigInt(bytes);
  return value < ORDER ? value : undefined;
}

/** A scalar from 48 random bytes: the bias of the reduction is below 2^-128. Never 0. */
export function randomScalar(random: (length: number) => Uint8Array): bigint {
  for (;;) {
    const value = reduce(toBigInt(random(48)));
    if (value !== 0n) return value;
  }
}

/** What a hash to a scalar is bound to, besides its tag. */
export type HashContext = { readonly group: Uint8Array; readonly era: number; readonly epoch: number };

/**
 * H_r(tag, ..) of consensus.md 13: (keccak256(0 ‖ d) 2^256 + keccak256(1 ‖ d)) mod r with
 * d = tag hash ‖ group ‖ u32 era ‖ u32 epoch ‖ fields. 512 bits, because one hash modulo r would be a biased pad.
 */
export function hashToScalar(tag: Tag, context: HashContext, ...fields: readonly Uint8Array[]): bigint {
  const d = concat(tagHash(tag), context.group, uint(context.era, 4), uint(context.epoch, 4), ...fields);
  const high = keccak256(concat(Uint8Array.of(0), d));
  const low = keccak256(concat(Uint8Array.of(1), d));
  return reduce((toBigInt(high) << 256n) | toBigInt(low));
}

/** f(x) for the coefficients a_0, a_1, .. modulo r. */
export function evaluate(coefficients: readonly bigint[], x: bigint): bigint {
  let value = 0n;
  for (let k = coefficients.length - 1; k >= 0; k--) value = reduce(value * x + (coefficients[k] ?? 0n));
  return value;
}

/** The share x-coordinate of a seat: seat + 1, since f(0) is the secret itself. */
export function coordinate(seat: number): bigint {
  return BigInt(seat + 1);
}

/**
 * Lagrange coefficients at 0 for the seats, which must be distinct, as signed integers over one common denominator. Seats
 * are small, so these are too (18 bits at 11 of 16, where a coefficient modulo r has 255): multiplying points by them
 * costs a fraction.
 */
export function rationalLagrangeAtZero(seats: readonly number[]): {
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
} {
  const fractions = seats.map((seat) => {
    let numerator = 1n;
    let denominator = 1n;
    for (const other of seats) {
      if (other === seat) continue;
      numerator *= coordinate(other);
      denominator *= coordinate(other) - coordinate(seat);
    }
    const common = gcd(numerator, denominator);
    return [numerator / common, denominator / common] as const;
  });
  const denominator = fractions.reduce((all, [, one]) => (all / gcd(all, one)) * magnitude(one), 1n);
  return { numerators: fractions.map(([numerator, one]) => numerator * (denominator / one)), denominator };
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [magnitude(a), magnitude(b)];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
