import { p256 } from "@noble/curves/nist.js";
import { booleanWord, concat, toBigInt } from "./bytes.ts";
import type { Precompile } from "./precompile.ts";

const INPUT_BYTES = 160;
const NOTHING = new Uint8Array(0);
const N = p256.Point.Fn.ORDER;
const { p, a, b } = p256.Point.CURVE();

function isPoint(x: bigint, y: bigint): boolean {
  return x < p && y < p && (y * y - x * x * x - a * x - b) % p === 0n;
}

/** Verifies a signature of secp256r1 (EIP-7951): one word of 1, or no bytes. Input: digest ‖ r ‖ s ‖ x ‖ y. */
export const p256verify: Precompile = {
  cost: () => 6900n,
  run(input: Uint8Array): Uint8Array {
    if (input.length !== INPUT_BYTES) return NOTHING;
    const [r = 0n, s = 0n, x = 0n, y = 0n] = [32, 64, 96, 128].map((at) => toBigInt(input.subarray(at, at + 32)));
    // (0, 0), infinity, is not on the curve.
    if (r === 0n || r >= N || s === 0n || s >= N || !isPoint(x, y)) return NOTHING;
    const key = concat([Uint8Array.of(4), input.subarray(96)]);
    const valid = p256.verify(input.subarray(32, 96), input.subarray(0, 32), key, { prehash: false, lowS: false });
    return valid ? booleanWord(true) : NOTHING;
  },
};
