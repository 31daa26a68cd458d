import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bn254 } from "@noble/curves/bn254.js";
import { describe, expect, test } from "vitest";
import { concat, fromBigInt } from "./bytes.ts";
import { runPrecompile } from "./run-precompile.ts";

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString("hex");

function run(id: number, ...parts: readonly Uint8Array[]): string | undefined {
  const { ok, output } = runPrecompile(id, concat(parts), 1n << 40n, "osaka");
  return ok ? hex(output) : undefined;
}

/** Seeded, so that a failure can be had again. */
function numbers(seed: bigint, bits: bigint): () => bigint {
  let state = seed;
  return () => {
    let value = 0n;
    for (let i = 0n; i < bits; i += 32n) {
      state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
      value = (value << 32n) | (state >> 32n);
    }
    return value & ((1n << bits) - 1n);
  };
}

type Affine = { x: bigint; y: bigint };
type Affine2 = { x: { c0: bigint; c1: bigint }; y: { c0: bigint; c1: bigint } };

const bnPoint = ({ x, y }: Affine): Uint8Array => concat([fromBigInt(x, 32), fromBigInt(y, 32)]);
const blsPoint1 = ({ x, y }: Affine): Uint8Array => concat([fromBigInt(x, 64), fromBigInt(y, 64)]);
const blsPoint2 = ({ x, y }: Affine2): Uint8Array =>
  concat([x.c0, x.c1, y.c0, y.c1].map((value) => fromBigInt(value, 64)));

/** Scalars at which a method may go wrong, and some anywhere. */
function scalars(order: bigint, count: number): bigint[] {
  const next = numbers(7n, 256n);
  const special = [0n, 1n, 2n, order - 1n, order, order + 1n, 2n * order, (1n << 128n) - 1n, (1n << 256n) - 1n];
  return [...special, ...Array.from({ length: count }, next)];
}

describe("agrees with another library", () => {
  test("on bn254's sums and products", () => {
    const { Point } = bn254.G1;
    const order = bn254.fields.Fr.ORDER;
    const points = [1n, 2n, 0x1234567890abcdefn, order - 1n].map((n) => Point.BASE.multiply(n));
    for (const a of [...points, Point.ZERO]) {
      for (const b of [...points, Point.ZERO]) {
        expect(run(6, bnPoint(a.toAffine()), bnPoint(b.toAffine()))).toBe(hex(bnPoint(a.add(b).toAffine())));
      }
      for (const scalar of scalars(order, 10)) {
        const product = bnPoint(a.multiplyUnsafe(scalar % order).toAffine());
        expect(run(7, bnPoint(a.toAffine()), fromBigInt(scalar, 32))).toBe(hex(product));
      }
    }
  });

  test("on coordinates that are not below the prime", () => {
    const p = bn254.fields.Fp.ORDER;
    const one = { x: 1n, y: 2n };
    for (const bad of [
      { x: p, y: 0n },
      { x: 0n, y: p },
      { x: p + 1n, y: 2n },
      { x: 1n, y: p + 2n },
      { x: 0n, y: 1n },
    ]) {
      expect(run(6, bnPoint(bad), bnPoint(one))).toBeUndefined();
      expect(run(6, bnPoint(one), bnPoint(bad))).toBeUndefined();
      expect(run(7, bnPoint(bad), fromBigInt(0n, 32))).toBeUndefined();
      expect(run(8, bnPoint(bad), new Uint8Array(128))).toBeUndefined();
    }
    const q = bls12_381.fields.Fp.ORDER;
    const high = (1n << 256n) - 1n;
    for (const bad of [
      { x: q, y: 0n },
      { x: 0n, y: q },
      { x: 0n, y: 1n << 384n },
      { x: high, y: high },
    ]) {
      expect(run(11, blsPoint1(bad), new Uint8Array(128))).toBeUndefined();
      expect(run(12, blsPoint1(bad), fromBigInt(0n, 32))).toBeUndefined();
    }
  });

  test("on points of bn254's twist", () => {
    const p = bn254.fields.Fp.ORDER;
    const { x, y } = bn254.G2.Point.BASE.toAffine() as Affine2;
    const parts = [x.c1, x.c0, y.c1, y.c0];
    const encode = (values: readonly bigint[]): Uint8Array => concat(values.map((value) => fromBigInt(value, 32)));
    const infinity = new Uint8Array(64);
    expect(run(8, infinity, encode(parts))).toBe(hex(fromBigInt(1n, 32)));
    for (let i = 0; i < 4; i++) {
      const beyond = parts.map((value, at) => (at === i ? value + p : value));
      if (beyond.every((value) => value < 1n << 256n)) expect(run(8, infinity, encode(beyond))).toBeUndefined();
      const beside = parts.map((value, at) => (at === i ? (value + 1n) % p : value));
      expect(run(8, infinity, encode(beside))).toBeUndefined();
    }
  });

  test.each([1, 2, 5, 127, 128, 129, 260])("on sums of %i products of BLS12-381", (count) => {
    const { Point } = bls12_381.G1;
    const next = numbers(BigInt(count), 64n);
    const order = bls12_381.fields.Fr.ORDER;
    const factors = scalars(order, count).slice(-count);
    const input: Uint8Array[] = [];
    let expected = 0n;
    let point = Point.ZERO;
    let logarithm = 0n;
    for (const factor of factors) {
      const step = next() & 7n;
      logarithm += step;
      for (let i = 0n; i < step; i++) point = point.add(Point.BASE);
      input.push(blsPoint1(point.toAffine()), fromBigInt(factor, 32));
      expected += logarithm * factor;
    }
    const sum = expected % order === 0n ? Point.ZERO : Point.BASE.multiply(expected % order);
    expect(run(12, ...input)).toBe(hex(blsPoint1(sum.toAffine())));
  });

  test("on special scalars in both groups of BLS12-381", () => {
    const { G1, G2, fields } = bls12_381;
    const a = G1.Point.BASE.multiply(77n);
    const b = G2.Point.BASE.multiply(77n);
    for (const scalar of scalars(fields.Fr.ORDER, 4)) {
      const reduced = scalar % fields.Fr.ORDER;
      expect(run(12, blsPoint1(a.toAffine()), fromBigInt(scalar, 32))).toBe(
        hex(blsPoint1(a.multiplyUnsafe(reduced).toAffine())),
      );
      expect(run(14, blsPoint2(b.toAffine()), fromBigInt(scalar, 32))).toBe(
        hex(blsPoint2(b.multiplyUnsafe(reduced).toAffine())),
      );
    }
  });

  test("on sums outside of the subgroups, and refuses those in products", () => {
    const { Fp } = bls12_381.fields;
    const next = numbers(3n, 380n);
    let found = 0;
    while (found < 5) {
      const x = next() % Fp.ORDER;
      const right = Fp.add(Fp.mul(Fp.mul(x, x), x), 4n);
      let y: bigint;
      try {
        y = Fp.sqrt(right);
      } catch {
        continue;
      }
      found++;
      const point = bls12_381.G1.Point.fromAffine({ x, y });
      const encoded = blsPoint1({ x, y });
      expect(run(11, encoded, encoded)).toBe(hex(blsPoint1(point.double().toAffine())));
      expect(run(11, encoded, blsPoint1(point.negate().toAffine()))).toBe("0".repeat(256));
      expect(run(12, encoded, fromBigInt(1n, 32))).toBeUndefined();
      expect(run(15, encoded, new Uint8Array(256))).toBeUndefined();
    }
  });

  test("on maps to the groups of BLS12-381", () => {
    type Map1 = (value: bigint) => { toAffine(): Affine };
    type Map2 = (value: readonly [bigint, bigint]) => { toAffine(): Affine2 };
    const toG1 = bls12_381.G1.mapToCurve as unknown as Map1;
    const toG2 = bls12_381.G2.mapToCurve as unknown as Map2;
    const p = bls12_381.fields.Fp.ORDER;
    const next = numbers(11n, 384n);
    const values = [0n, 1n, p - 1n, ...Array.from({ length: 6 }, () => next() % p)];
    for (const a of values) {
      expect(run(16, fromBigInt(a, 64))).toBe(hex(blsPoint1(toG1(a).toAffine())));
      for (const b of values.slice(0, 3)) {
        expect(run(17, fromBigInt(a, 64), fromBigInt(b, 64))).toBe(hex(blsPoint2(toG2([a, b]).toAffine())));
      }
    }
  });
});
