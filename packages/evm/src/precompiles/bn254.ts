import { bn254 } from "@noble/curves/bn254.js";
import { booleanWord, concat, fromBigInt, slice, toBigInt } from "./bytes.ts";
import type { Precompile } from "./precompile.ts";

const { G1, G2, fields } = bn254;
const P = fields.Fp.ORDER;
const PAIR_BYTES = 192;

type G1Point = InstanceType<typeof G1.Point>;
type G2Point = InstanceType<typeof G2.Point>;

/** A coordinate below the field's prime; undefined where it is none. */
function coordinate(bytes: Uint8Array): bigint | undefined {
  const value = toBigInt(bytes);
  return value < P ? value : undefined;
}

/** 64 bytes x ‖ y; infinity is (0, 0). Undefined where it is no point of the curve (EIP-196). */
function decodeG1(bytes: Uint8Array): G1Point | undefined {
  const x = coordinate(bytes.subarray(0, 32));
  const y = coordinate(bytes.subarray(32, 64));
  if (x === undefined || y === undefined) return undefined;
  if (x === 0n && y === 0n) return G1.Point.ZERO;
  // The whole curve is the group.
  return (y * y - x * x * x - 3n) % P === 0n ? G1.Point.fromAffine({ x, y }) : undefined;
}

/** 128 bytes, the imaginary part of each coordinate first; must be of the right order too (EIP-197). */
function decodeG2(bytes: Uint8Array): G2Point | undefined {
  const [x1, x0, y1, y0] = [0, 32, 64, 96].map((at) => coordinate(bytes.subarray(at, at + 32)));
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined) return undefined;
  if (x0 === 0n && x1 === 0n && y0 === 0n && y1 === 0n) return G2.Point.ZERO;
  try {
    const point = G2.Point.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } });
    point.assertValidity();
    return point;
  } catch {
    return undefined;
  }
}

function encodeG1(point: G1Point): Uint8Array {
  if (point.is0()) return new Uint8Array(64);
  const { x, y } = point.toAffine();
  return concat([fromBigInt(x, 32), fromBigInt(y, 32)]);
}

/** EIP-196, priced by EIP-1108. */
export const bn254Add: Precompile = {
  cost: () => 150n,
  run(input: Uint8Array): Uint8Array | undefined {
    const data = slice(input, 0, 128);
    const a = decodeG1(data.subarray(0, 64));
    const b = decodeG1(data.subarray(64, 128));
    return a && b && encodeG1(a.add(b));
  },
};

/** EIP-196, priced by EIP-1108. */
export const bn254Mul: Precompile = {
  cost: () => 6000n,
  run(input: Uint8Array): Uint8Array | undefined {
    const data = slice(input, 0, 96);
    const point = decodeG1(data.subarray(0, 64));
    if (!point) return undefined;
    const scalar = toBigInt(data.subarray(64, 96)) % fields.Fr.ORDER;
    return encodeG1(scalar === 0n ? G1.Point.ZERO : point.multiplyUnsafe(scalar));
  },
};

/** Whether the product of the pairings is 1 (EIP-197, EIP-1108). */
export const bn254Pairing: Precompile = {
  cost: (input) => 45_000n + 34_000n * BigInt(Math.floor(input.length / PAIR_BYTES)),
  run(input: Uint8Array): Uint8Array | undefined {
    if (input.length % PAIR_BYTES !== 0) return undefined;
    const pairs: { g1: G1Point; g2: G2Point }[] = [];
    for (let at = 0; at < input.length; at += PAIR_BYTES) {
      const g1 = decodeG1(input.subarray(at, at + 64));
      const g2 = g1 && decodeG2(input.subarray(at + 64, at + PAIR_BYTES));
      if (!g1 || !g2) return undefined;
      // A pairing with infinity is 1.
      if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
    }
    const { Fp12 } = fields;
    return booleanWord(pairs.length === 0 || Fp12.eql(bn254.pairingBatch(pairs), Fp12.ONE));
  },
};
