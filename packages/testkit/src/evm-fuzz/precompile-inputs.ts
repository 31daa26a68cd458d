import { createHash } from "node:crypto";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bn254 } from "@noble/curves/bn254.js";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { Random } from "../agreement/random.ts";
import { interestingWord, randomBytes } from "./values.ts";

function bytesOf(value: bigint, length: number): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex"));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

type Affine = { x: bigint; y: bigint };
type Affine2 = { x: { c0: bigint; c1: bigint }; y: { c0: bigint; c1: bigint } };

const counts = [1n, 2n, 3n, 5n, 12345n, 0xfedcba9876543210n];

/** Points whose discrete logarithms are small numbers, so that pairings can cancel. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const bnG1 = lazily(() =>
  counts.flatMap((n) => {
    const point = bn254.G1.Point.BASE.multiply(n);
    return [point, point.negate()]
      .map((p) => p.toAffine())
      .map(({ x, y }: Affine) => joined(bytesOf(x, 32), bytesOf(y, 32)));
  }),
);
const bnG2 = lazily(() =>
  counts.map((n) => {
    const { x, y }: Affine2 = bn254.G2.Point.BASE.multiply(n).toAffine();
    return joined(...[x.c1, x.c0, y.c1, y.c0].map((value) => bytesOf(value, 32)));
  }),
);
const blsG1 = lazily(() =>
  counts.flatMap((n) => {
    const point = bls12_381.G1.Point.BASE.multiply(n);
    return [point, point.negate()]
      .map((p) => p.toAffine())
      .map(({ x, y }: Affine) => joined(bytesOf(x, 64), bytesOf(y, 64)));
  }),
);
const blsG2 = lazily(() =>
  counts.map((n) => {
    const { x, y }: Affine2 = bls12_381.G2.Point.BASE.multiply(n).toAffine();
    return joined(...[x.c0, x.c1, y.c0, y.c1].map((value) => bytesOf(value, 64)));
  }),
);
/** On the curves but not in the subgroups. */
const blsOutside1 = lazily(() => joined(bytesOf(4n, 64), bytesOf(bls12_381.fields.Fp.sqrt(68n), 64)));

const recoveries = lazily(() =>
  [1, 2, 3].map((n) => {
    const digest = createHash("sha256").update(String(n)).digest();
    const signed = secp256k1.sign(digest, new Uint8Array(32).fill(n), { prehash: false, format: "recovered" });
    return joined(digest, bytesOf(27n + BigInt(signed[0] ?? 0), 32), signed.subarray(1));
  }),
);
const verifications = lazily(() =>
  [1, 2, 3].map((n) => {
    const key = new Uint8Array(32).fill(n);
    const digest = createHash("sha256").update(String(n)).digest();
    return joined(digest, p256.sign(digest, key, { prehash: false }), p256.getPublicKey(key, false).subarray(1));
  }),
);

/** The example of EIP-4844. */
const kzgExample = Buffer.from(
  "01e798154708fe7789429634053cbf9f99b619f9f084048927333fce637f549b564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306" +
    "24d25032e67a7e6a4910df5834b8fe70e6bcfeeac0352434196bdf4b2485d5a18f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca2" +
    "5f26936857bc3a7c2539ea8ec3a952b7873033e038326e87ed3e1276fd140253fa08e9fc25fb2d9a98527fc22a2c9612fbeafdad446cbc7bcdbdcd780af2c16a",
  "hex",
);

const constantCommitments = lazily(() =>
  [1n, 2n, 3n, 4n, 5n].map((value) => bls12_381.G1.Point.BASE.multiply(value).toBytes()),
);

/** The polynomial that is `value` everywhere. */
function constantProof(random: Random): Uint8Array {
  const { Point } = bls12_381.G1;
  const which = random.below(5);
  const value = BigInt(which + 1);
  const commitment = constantCommitments()[which] as Uint8Array;
  const hash = createHash("sha256").update(commitment).digest();
  hash[0] = 1;
  return joined(hash, bytesOf(interestingWord(random), 32), bytesOf(value, 32), commitment, Point.ZERO.toBytes());
}

function modexpInput(random: Random): Uint8Array {
  const length = () => (random.chance(0.7) ? random.below(40) : random.below(100));
  const lengths = [length(), random.chance(0.8) ? random.below(34) : length(), length()];
  const claimed = lengths.map((n) => bytesOf(random.chance(0.02) ? interestingWord(random) : BigInt(n), 32));
  return joined(...claimed, ...lengths.map((n) => randomBytes(random, n)));
}

function blakeInput(random: Random): Uint8Array {
  return joined(bytesOf(BigInt(random.below(40)), 4), randomBytes(random, 208), Uint8Array.of(random.below(2)));
}

/** A field element of 64 bytes, below the prime. */
function fp(random: Random): Uint8Array {
  return joined(new Uint8Array(17), randomBytes(random, 47));
}

function pairs(random: Random, first: readonly Uint8Array[], second: readonly Uint8Array[]): Uint8Array {
  const a = random.below(first.length);
  const b = random.pick(second);
  if (random.chance(0.4)) return joined(first[a] as Uint8Array, b);
  // Half of these cancel: e(P, Q) e(-P, Q).
  const other = random.chance(0.5) ? a ^ 1 : random.below(first.length);
  return joined(first[a] as Uint8Array, b, first[other] as Uint8Array, b);
}

function products(random: Random, points: readonly Uint8Array[]): Uint8Array {
  const one = () => joined(random.pick(points), bytesOf(interestingWord(random), 32));
  return joined(...Array.from({ length: 1 + random.below(3) }, one));
}

const makers: Readonly<Record<number, (random: Random) => Uint8Array>> = {
  1: (random) => random.pick(recoveries()),
  2: (random) => randomBytes(random, random.below(250)),
  3: (random) => randomBytes(random, random.below(250)),
  4: (random) => randomBytes(random, random.below(250)),
  5: modexpInput,
  6: (random) => joined(random.pick(bnG1()), random.pick(bnG1())),
  7: (random) => joined(random.pick(bnG1()), bytesOf(interestingWord(random), 32)),
  8: (random) => pairs(random, bnG1(), bnG2()),
  9: blakeInput,
  10: (random) => (random.chance(0.5) ? kzgExample : constantProof(random)),
  11: (random) => joined(random.pick(blsG1()), random.chance(0.1) ? blsOutside1() : random.pick(blsG1())),
  12: (random) => products(random, random.chance(0.05) ? [blsOutside1()] : blsG1()),
  13: (random) => joined(random.pick(blsG2()), random.pick(blsG2())),
  14: (random) => products(random, blsG2()),
  15: (random) => pairs(random, blsG1(), blsG2()),
  16: fp,
  17: (random) => joined(fp(random), fp(random)),
  256: (random) => random.pick(verifications()),
};

/** Mostly valid; sometimes a byte is another, the end is missing or there is more. */
export function precompileInput(random: Random, id: number): Uint8Array {
  const input = Uint8Array.from(makers[id]?.(random) ?? []);
  const fate = random.below(20);
  if (fate === 0 && input.length > 0) input[random.below(input.length)] = random.below(256);
  if (fate === 1) return input.subarray(0, random.below(input.length + 1));
  if (fate === 2) return joined(input, randomBytes(random, random.below(40)));
  if (fate === 3) return new Uint8Array(input.length);
  return input;
}
