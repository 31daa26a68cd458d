import { createHash } from "node:crypto";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bn254 } from "@noble/curves/bn254.js";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concat } from "./assemble.ts";

/** Big-endian. */
export function bytesOf(value: bigint, length: number): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex"));
}

/** Looks random, is always the same. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A scalar of 253 bits that is neither short nor sparse. */
function scalar(seed: number): bigint {
  const bytes = noise(32, seed);
  bytes[0] = ((bytes[0] ?? 0) & 0x0f) | 0x10;
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

/** `make` of 1 to `count`, behind each other. */
function repeated(count: number, make: (n: number) => Uint8Array): Uint8Array {
  return concat(...Array.from({ length: count }, (_, i) => make(i + 1)));
}

function bnG1(n: bigint): Uint8Array {
  const { x, y } = bn254.G1.Point.BASE.multiply(n).toAffine();
  return concat(bytesOf(x, 32), bytesOf(y, 32));
}

function bnG2(n: bigint): Uint8Array {
  const { x, y } = bn254.G2.Point.BASE.multiply(n).toAffine();
  return concat(...[x.c1, x.c0, y.c1, y.c0].map((part) => bytesOf(part, 32)));
}

function blsG1(n: bigint): Uint8Array {
  const { x, y } = bls12_381.G1.Point.BASE.multiply(n).toAffine();
  return concat(bytesOf(x, 64), bytesOf(y, 64));
}

function blsG2(n: bigint): Uint8Array {
  const { x, y } = bls12_381.G2.Point.BASE.multiply(n).toAffine();
  return concat(...[x.c0, x.c1, y.c0, y.c1].map((part) => bytesOf(part, 64)));
}

export function ecrecoverInput(): Uint8Array {
  const digest = createHash("sha256").update("hostile").digest();
  const signed = secp256k1.sign(digest, new Uint8Array(32).fill(7), { prehash: false, format: "recovered" });
  return concat(digest, bytesOf(27n + BigInt(signed[0] ?? 0), 32), signed.subarray(1));
}

export function p256Input(): Uint8Array {
  const key = new Uint8Array(32).fill(7);
  const digest = createHash("sha256").update("hostile").digest();
  return concat(digest, p256.sign(digest, key, { prehash: false }), p256.getPublicKey(key, false).subarray(1));
}

export const bnAddInput = (): Uint8Array => concat(bnG1(scalar(2)), bnG1(scalar(3)));
export const bnMulInput = (): Uint8Array =>
  concat(bnG1(scalar(2)), bytesOf(bn254.fields.Fr.ORDER - 1n - scalar(9), 32));
export const bnPairs = (count: number): Uint8Array =>
  repeated(count, (n) => concat(bnG1(scalar(n)), bnG2(scalar(n + 500))));

/** On the twist, not of the right order: found out only after the points before it were decoded. */
export function bnPairOutside(): Uint8Array {
  const { Fp2 } = bn254.fields;
  const b = Fp2.mul({ c0: 3n, c1: 0n }, Fp2.inv({ c0: 9n, c1: 1n }));
  for (let i = 1n; ; i++) {
    const x = { c0: i, c1: 0n };
    try {
      const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b));
      return concat(bnG1(1n), ...[x.c1, x.c0, y.c1, y.c0].map((part) => bytesOf(part, 32)));
    } catch {
      // No such x on the curve.
    }
  }
}

/** Four words of claims and 64 bytes of state, then `rounds` first: EIP-152. */
export const blakeInput = (rounds: number): Uint8Array =>
  concat(bytesOf(BigInt(rounds), 4), noise(208), Uint8Array.of(1));

export const blsG1Sum = (): Uint8Array => concat(blsG1(scalar(2)), blsG1(scalar(3)));
export const blsG2Sum = (): Uint8Array => concat(blsG2(scalar(2)), blsG2(scalar(3)));
export const blsG1Products = (count: number): Uint8Array =>
  repeated(count, (n) => concat(blsG1(scalar(n)), bytesOf(scalar(n + 500), 32)));
export const blsG2Products = (count: number): Uint8Array =>
  repeated(count, (n) => concat(blsG2(scalar(n)), bytesOf(scalar(n + 500), 32)));
export const blsPairs = (count: number): Uint8Array =>
  repeated(count, (n) => concat(blsG1(scalar(n)), blsG2(scalar(n + 500))));
export const blsFp = (): Uint8Array => concat(new Uint8Array(17), noise(47));
export const blsFp2 = (): Uint8Array => concat(blsFp(), new Uint8Array(17), noise(47, 5));

/** A constant polynomial has a proof that is infinity, so this is the example of EIP-4844, whose points are not. */
export function kzgInput(): Uint8Array {
  return new Uint8Array(
    Buffer.from(
      "01e798154708fe7789429634053cbf9f99b619f9f084048927333fce637f549b564c0a11a0f704f4fc3e8acfe0f8245f" +
        "0ad1347b378fbf96e206da11a5d3630624d25032e67a7e6a4910df5834b8fe70e6bcfeeac0352434196bdf4b2485d5a1" +
        "8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7" +
        "873033e038326e87ed3e1276fd140253fa08e9fc25fb2d9a98527fc22a2c9612fbeafdad446cbc7bcdbdcd780af2c16a",
      "hex",
    ),
  );
}

/** Operands of these lengths without a zero byte; `exponent` may be given. The modulus is odd unless `even`. */
export function modexpInput(
  lengths: readonly [base: number, exponent: number, modulus: number],
  exponent?: bigint,
  even = false,
): Uint8Array {
  const power = exponent === undefined ? new Uint8Array(lengths[1]).fill(0xff) : bytesOf(exponent, lengths[1]);
  const modulus = noise(lengths[2], 3).fill(0xf1, 0, 1);
  if (modulus.length > 0) modulus[modulus.length - 1] = even ? 0 : 0xf3;
  const base = noise(lengths[0], 4).fill(0xf0, 0, 1);
  return concat(...lengths.map((length) => bytesOf(BigInt(length), 32)), base, power, modulus);
}
