import { p256 } from "@noble/curves/nist.js";
import { describe, expect, test } from "vitest";
import { concat, fromBigInt, toBigInt } from "./bytes.ts";
import { p256verify } from "./p256verify.ts";

const N = p256.Point.Fn.ORDER;
const { Point } = p256;

function verdict(digest: bigint, r: bigint, s: bigint, key: { x: bigint; y: bigint }): boolean {
  const output = p256verify.run(concat([digest, r, s, key.x, key.y].map((value) => fromBigInt(value, 32))), "osaka");
  expect(output === undefined || output.length === 0 || toBigInt(output) === 1n).toBe(true);
  return output?.length === 32;
}

function inverse(value: bigint): bigint {
  return p256.Point.Fn.inv(value);
}

/** A signature of any digest by the key `secret` and the nonce `nonce`. */
function sign(digest: bigint, secret: bigint, nonce: bigint): { r: bigint; s: bigint } {
  const r = Point.BASE.multiply(nonce).toAffine().x % N;
  return { r, s: (inverse(nonce) * (digest + r * secret)) % N };
}

const largest = (1n << 256n) - 1n;

describe("P256VERIFY", () => {
  test.each([0n, 1n, 2n, N - 1n, N, N + 1n, largest, 0x1234567890n << 200n])("signatures of digest %i", (digest) => {
    for (const secret of [1n, 2n, 77n, N - 1n, N - 5n]) {
      const key = Point.BASE.multiply(secret).toAffine();
      for (const nonce of [1n, 2n, 99n, N - 1n]) {
        const { r, s } = sign(digest, secret, nonce);
        if (s === 0n) continue;
        expect(verdict(digest, r, s, key)).toBe(true);
        expect(verdict(digest, r, N - s, key)).toBe(true);
        expect(verdict(digest ^ 4n, r, s, key)).toBe(false);
        expect(verdict(digest, r, (s % (N - 1n)) + 1n, key)).toBe(false);
      }
    }
  });

  test("the same verdict as another library on what is no signature", () => {
    const key = Point.BASE.multiply(123n);
    const affine = key.toAffine();
    for (let i = 1n; i < 40n; i++) {
      const [digest, r, s] = [i ** 50n % N, i ** 60n % N, i ** 70n % N];
      const signature = concat([fromBigInt(r, 32), fromBigInt(s, 32)]);
      const options = { prehash: false, lowS: false };
      const expected = p256.verify(signature, fromBigInt(digest, 32), key.toBytes(false), options);
      expect(verdict(digest, r, s, affine)).toBe(expected);
    }
  });

  test("a sum that is infinity, and one of equal points", () => {
    // u1 G + u2 Q with Q = -(u1 / u2) G, and with Q = (u1 / u2) G: u1 / u2 = digest / r.
    const [digest, r] = [1000n, 10n];
    for (const s of [1n, 5n, N - 1n]) {
      expect(verdict(digest, r, s, Point.BASE.multiply(100n).negate().toAffine())).toBe(false);
      expect(verdict(digest, r, s, Point.BASE.multiply(100n).toAffine())).toBe(false);
    }
    // Equal points in a valid signature: the secret is digest / r.
    const { x } = Point.BASE.multiply(7n).toAffine();
    const secret = (digest * inverse(x % N)) % N;
    const s = (inverse(7n) * (digest + (x % N) * secret)) % N;
    expect(verdict(digest, x % N, s, Point.BASE.multiply(secret).toAffine())).toBe(true);
  });

  test("an x of the sum beyond the order", () => {
    // There are few points with N <= x < p; r is then x - N, and must not be accepted unreduced.
    const { p } = Point.CURVE();
    let x = N;
    for (; x < p; x++) {
      try {
        Point.fromHex(`02${x.toString(16)}`);
        break;
      } catch {
        // Not on the curve.
      }
    }
    const point = Point.fromHex(`02${x.toString(16)}`);
    const r = x - N;
    // s = r makes u2 = 1, and the digest 0 makes u1 = 0: the sum is the key itself.
    expect(verdict(0n, r, r, point.toAffine())).toBe(true);
    expect(verdict(0n, x, r, point.toAffine())).toBe(false);
  });
});
