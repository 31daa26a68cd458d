import { createECDH } from "node:crypto";
import { booleanWord, concat, fromBigInt, toBigInt } from "./bytes.ts";
import type { Precompile } from "./precompile.ts";

const INPUT_BYTES = 160;
const NOTHING = new Uint8Array(0);
// secp256r1 (SEC 2): the field's prime, the curve's coefficients and the group's order.
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const A = P - 3n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

type Point = { readonly x: bigint; readonly y: bigint };

/** (0, 0), infinity, is not on the curve. */
function isPoint({ x, y }: Point): boolean {
  return x < P && y < P && (y * y - x * x * x - A * x - B) % P === 0n;
}

/** By Euclid's algorithm; `value` is not a multiple of the prime `modulus`. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [((value % modulus) + modulus) % modulus, modulus, 1n, 0n];
  while (a !== 0n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
  }
  return y < 0n ? y + modulus : y;
}

/** The sum of two points; undefined where it is infinity. */
function add(a: Point, b: Point): Point | undefined {
  if (a.x === b.x && (a.y + b.y) % P === 0n) return undefined;
  const slope = a.x === b.x ? (3n * a.x * a.x + A) * inverse(2n * a.y, P) : (b.y - a.y) * inverse(b.x - a.x, P);
  const x = (((slope * slope - a.x - b.x) % P) + P) % P;
  return { x, y: (((slope * (a.x - x) - a.y) % P) + P) % P };
}

/** The generator times a number from 1 to N - 1. */
function timesGenerator(factor: bigint): Point {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(fromBigInt(factor, 32));
  const key = ecdh.getPublicKey();
  return { x: toBigInt(key.subarray(1, 33)), y: toBigInt(key.subarray(33)) };
}

/** The x of a point times a number from 1 to N - 1. */
function timesX({ x, y }: Point, factor: bigint): bigint {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(fromBigInt(factor, 32));
  return toBigInt(ecdh.computeSecret(concat([Uint8Array.of(4), fromBigInt(x, 32), fromBigInt(y, 32)])));
}

/**
 * Whether r is the x of u1 G + u2 Q modulo N. OpenSSL multiplies points, but of the sum's second part gives only x. So
 * that is taken as u2 (Q + (u1 / u2) G), in which u1 / u2 = digest / r; nothing here is secret.
 */
function verify(digest: bigint, r: bigint, s: bigint, key: Point): boolean {
  const factor = (digest * inverse(r, N)) % N;
  const sum = factor === 0n ? key : add(key, timesGenerator(factor));
  if (sum === undefined) return false;
  return timesX(sum, (r * inverse(s, N)) % N) % N === r;
}

/** Verifies a signature of secp256r1 (EIP-7951): one word of 1, or no bytes. Input: digest ‖ r ‖ s ‖ x ‖ y. */
export const p256verify: Precompile = {
  cost: () => 6900n,
  run(input: Uint8Array): Uint8Array {
    if (input.length !== INPUT_BYTES) return NOTHING;
    const [digest = 0n, r = 0n, s = 0n, x = 0n, y = 0n] = [0, 32, 64, 96, 128].map((at) =>
      toBigInt(input.subarray(at, at + 32)),
    );
    if (r === 0n || r >= N || s === 0n || s >= N || !isPoint({ x, y })) return NOTHING;
    return verify(digest, r, s, { x, y }) ? booleanWord(true) : NOTHING;
  },
};
