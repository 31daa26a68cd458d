import { pippenger } from "@noble/curves/abstract/curve.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { msmDiscountG1, msmDiscountG2 } from "./bls12-381-discounts.ts";
import { booleanWord, concat, fromBigInt, toBigInt } from "./bytes.ts";
import type { Precompile } from "./precompile.ts";

// EIP-2537.
const { G1, G2, fields } = bls12_381;
const P = fields.Fp.ORDER;
const FP_BYTES = 64;
const G1_BYTES = 128;
const G2_BYTES = 256;
const PAIR_BYTES = G1_BYTES + G2_BYTES;

type G1Point = InstanceType<typeof G1.Point>;
type G2Point = InstanceType<typeof G2.Point>;

// The library's types of these two name neither the argument nor the result that they have.
const mapToG1 = G1.mapToCurve as unknown as (value: bigint) => G1Point;
const mapToG2 = G2.mapToCurve as unknown as (value: readonly [bigint, bigint]) => G2Point;

/** 64 bytes, of which the first 16 are zero; undefined where they are not or the value reaches the prime. */
function decodeFp(bytes: Uint8Array): bigint | undefined {
  const value = toBigInt(bytes);
  return value < P ? value : undefined;
}

/** On the curve, not necessarily in the subgroup. */
function decodeG1(bytes: Uint8Array): G1Point | undefined {
  const x = decodeFp(bytes.subarray(0, FP_BYTES));
  const y = decodeFp(bytes.subarray(FP_BYTES, G1_BYTES));
  if (x === undefined || y === undefined) return undefined;
  if (x === 0n && y === 0n) return G1.Point.ZERO;
  return (y * y - x * x * x - 4n) % P === 0n ? G1.Point.fromAffine({ x, y }) : undefined;
}

/** On the curve, not necessarily in the subgroup; the real part of each coordinate first. */
function decodeG2(bytes: Uint8Array): G2Point | undefined {
  const [x0, x1, y0, y1] = [0, 64, 128, 192].map((at) => decodeFp(bytes.subarray(at, at + FP_BYTES)));
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined) return undefined;
  if (x0 === 0n && x1 === 0n && y0 === 0n && y1 === 0n) return G2.Point.ZERO;
  const { Fp2 } = fields;
  const x = { c0: x0, c1: x1 };
  const y = { c0: y0, c1: y1 };
  const right = Fp2.add(Fp2.mul(Fp2.sqr(x), x), { c0: 4n, c1: 4n });
  return Fp2.eql(Fp2.sqr(y), right) ? G2.Point.fromAffine({ x, y }) : undefined;
}

/** Infinity is (0, 0), as the library's affine form has it too. */
function encodeG1(point: G1Point): Uint8Array {
  const { x, y } = point.toAffine();
  return concat([fromBigInt(x, FP_BYTES), fromBigInt(y, FP_BYTES)]);
}

function encodeG2(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine();
  return concat([x.c0, x.c1, y.c0, y.c1].map((value) => fromBigInt(value, FP_BYTES)));
}

/** What the multiplications of both groups share. */
type Group<P> = {
  readonly pointBytes: number;
  readonly gas: bigint;
  readonly discounts: readonly number[];
  decode(bytes: Uint8Array): P | undefined;
  inSubgroup(point: P): boolean;
  sum(points: readonly P[], scalars: readonly bigint[]): Uint8Array;
};

/** Gas of k multiplications at once: fewer each, the more they are. */
export function msmCost(pairs: number, gas: bigint, discounts: readonly number[]): bigint {
  if (pairs === 0) return 0n;
  const discount = discounts[Math.min(pairs, discounts.length) - 1] ?? 1000;
  return (BigInt(pairs) * gas * BigInt(discount)) / 1000n;
}

function msm<P>(group: Group<P>): Precompile {
  const pairBytes = group.pointBytes + 32;
  return {
    cost: (input) => msmCost(Math.floor(input.length / pairBytes), group.gas, group.discounts),
    run(input: Uint8Array): Uint8Array | undefined {
      if (input.length === 0 || input.length % pairBytes !== 0) return undefined;
      const points: P[] = [];
      const scalars: bigint[] = [];
      for (let at = 0; at < input.length; at += pairBytes) {
        const point = group.decode(input.subarray(at, at + group.pointBytes));
        if (point === undefined || !group.inSubgroup(point)) return undefined;
        points.push(point);
        scalars.push(toBigInt(input.subarray(at + group.pointBytes, at + pairBytes)) % fields.Fr.ORDER);
      }
      return group.sum(points, scalars);
    },
  };
}

export const blsG1Add: Precompile = {
  cost: () => 375n,
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length !== 2 * G1_BYTES) return undefined;
    const a = decodeG1(input.subarray(0, G1_BYTES));
    const b = decodeG1(input.subarray(G1_BYTES));
    return a && b && encodeG1(a.add(b));
  },
};

export const blsG2Add: Precompile = {
  cost: () => 600n,
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length !== 2 * G2_BYTES) return undefined;
    const a = decodeG2(input.subarray(0, G2_BYTES));
    const b = decodeG2(input.subarray(G2_BYTES));
    return a && b && encodeG2(a.add(b));
  },
};

export const blsG1Msm: Precompile = msm<G1Point>({
  pointBytes: G1_BYTES,
  gas: 12_000n,
  discounts: msmDiscountG1,
  decode: decodeG1,
  inSubgroup: (point) => point.isTorsionFree(),
  sum: (points, scalars) => encodeG1(pippenger(G1.Point, [...points], [...scalars])),
});

export const blsG2Msm: Precompile = msm<G2Point>({
  pointBytes: G2_BYTES,
  gas: 22_500n,
  discounts: msmDiscountG2,
  decode: decodeG2,
  inSubgroup: (point) => point.isTorsionFree(),
  sum: (points, scalars) => encodeG2(pippenger(G2.Point, [...points], [...scalars])),
});

/** Whether the product of the pairings is 1. */
export const blsPairing: Precompile = {
  cost: (input) => 37_700n + 32_600n * BigInt(Math.floor(input.length / PAIR_BYTES)),
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length === 0 || input.length % PAIR_BYTES !== 0) return undefined;
    const pairs: { g1: G1Point; g2: G2Point }[] = [];
    for (let at = 0; at < input.length; at += PAIR_BYTES) {
      const g1 = decodeG1(input.subarray(at, at + G1_BYTES));
      if (!g1?.isTorsionFree()) return undefined;
      const g2 = decodeG2(input.subarray(at + G1_BYTES, at + PAIR_BYTES));
      if (!g2?.isTorsionFree()) return undefined;
      // A pairing with infinity is 1.
      if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
    }
    const { Fp12 } = fields;
    return booleanWord(pairs.length === 0 || Fp12.eql(bls12_381.pairingBatch(pairs), Fp12.ONE));
  },
};

export const blsMapFpToG1: Precompile = {
  cost: () => 5500n,
  run(input: Uint8Array): Uint8Array | undefined {
    const value = input.length === FP_BYTES ? decodeFp(input) : undefined;
    return value === undefined ? undefined : encodeG1(mapToG1(value));
  },
};

export const blsMapFp2ToG2: Precompile = {
  cost: () => 23_800n,
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length !== 2 * FP_BYTES) return undefined;
    const c0 = decodeFp(input.subarray(0, FP_BYTES));
    const c1 = decodeFp(input.subarray(FP_BYTES));
    return c0 === undefined || c1 === undefined ? undefined : encodeG2(mapToG2([c0, c1]));
  },
};
