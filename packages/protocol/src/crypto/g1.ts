import { PublicKey, SecretKey } from "@chainsafe/blst";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { concat, toBigInt, uint } from "../bytes/bytes.ts";
import { reduce, scalarToBytes } from "./scalar.ts";

/** A point of G1's subgroup of order r, in noble's projective form. */
export type G1Point = InstanceType<typeof bls12_381.G1.Point>;

const Point = bls12_381.G1.Point;

export const G1_BYTES = 48;
export const G1_ZERO: G1Point = Point.ZERO;

/**
 * The point of 48 compressed bytes, or undefined where they are malformed, off the curve, outside the subgroup or
 * infinity. blst does the root and the subgroup check (60 us); noble takes 20 times as long.
 */
export function decodeG1(bytes: Uint8Array): G1Point | undefined {
  if (bytes.length !== G1_BYTES) return undefined;
  let raw: Uint8Array;
  try {
    raw = PublicKey.fromBytes(bytes, true).toBytes(false);
  } catch {
    return undefined;
  }
  return Point.fromAffine({ x: toBigInt(raw.subarray(0, 48)), y: toBigInt(raw.subarray(48)) });
}

/**
 * 48 compressed bytes; infinity is 0xc0 and zeros. By blst, which checks that the point is on the curve: noble proves the
 * subgroup again at each encoding, ten times as long as all else, and a G1Point is of it.
 */
export function encodeG1(point: G1Point): Uint8Array {
  if (point.is0()) return point.toBytes(true);
  const { x, y } = point.toAffine();
  return PublicKey.fromBytes(concat(uint(x, 48), uint(y, 48))).toBytes(true);
}

/** scalar · G for a scalar that is not 0 modulo r, compressed. By blst, constant in time: fit for secrets. */
export function multiplyBaseBytes(scalar: bigint): Uint8Array {
  return SecretKey.fromBytes(scalarToBytes(reduce(scalar)))
    .toPublicKey()
    .toBytes(true);
}

/** scalar · G; infinity for 0. */
export function multiplyBase(scalar: bigint): G1Point {
  const reduced = reduce(scalar);
  if (reduced === 0n) return G1_ZERO;
  const raw = SecretKey.fromBytes(scalarToBytes(reduced)).toPublicKey().toBytes(false);
  return Point.fromAffine({ x: toBigInt(raw.subarray(0, 48)), y: toBigInt(raw.subarray(48)) });
}

/** scalar · point with a secret scalar: noble's fixed schedule of additions, though BigInt itself is not constant in time. */
export function multiplySecret(point: G1Point, scalar: bigint): G1Point {
  return point.multiply(reduce(scalar));
}

/** scalar · point with public values. */
export function multiplyPublic(point: G1Point, scalar: bigint): G1Point {
  const reduced = reduce(scalar);
  return reduced === 0n ? G1_ZERO : point.multiplyUnsafe(reduced);
}

/** sum_k x^k points[k] by Horner: x is a seat's small coordinate. */
export function evaluateInExponent(points: readonly G1Point[], x: bigint): G1Point {
  let value = G1_ZERO;
  for (let k = points.length - 1; k >= 0; k--) {
    value = multiplyPublic(value, x).add(points[k] ?? G1_ZERO);
  }
  return value;
}
