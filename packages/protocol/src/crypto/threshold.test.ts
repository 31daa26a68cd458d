import { bls12_381 } from "@noble/curves/bls12-381.js";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../keygen/ceremony.testing.ts";
import { quorum } from "../quorum.ts";
import { BlsSecretKey } from "./bls.ts";
import { coordinate, evaluate, invert, ORDER, randomScalar, scalarToBytes } from "./scalar.ts";
import { combineShares, ThresholdKey } from "./threshold.ts";

const noble = bls12_381.longSignatures;
const DOMAIN = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

function setup(members: number) {
  const random = seededRandom(`threshold/${members}`);
  const polynomial = Array.from({ length: quorum(members) }, () => randomScalar(random));
  const secretAt = (x: bigint) => BlsSecretKey.fromBytes(scalarToBytes(evaluate(polynomial, x)))!;
  const shares = Array.from({ length: members }, (_, seat) => secretAt(coordinate(seat)));
  const group = secretAt(0n);
  const keys = shares.map(({ publicKey }) => publicKey);
  const digest = random(32);
  const signed = shares.map((share, seat) => ({ seat, share: share.sign(digest) }));
  return { key: new ThresholdKey(group.publicKey, keys, quorum(members)), group, digest, signed };
}

describe("threshold signatures", () => {
  it.each([1, 2, 4, 7, 16, 64])("any q of %i make the one signature, which noble accepts", (members) => {
    const { key, group, digest, signed } = setup(members);
    const expected = group.sign(digest);
    const q = quorum(members);
    for (const some of [signed.slice(0, q), signed.slice(members - q), [...signed].reverse().slice(0, q)]) {
      expect(key.combine(digest, some)).toEqual({ signature: expected });
    }
    expect(noble.verify(expected, noble.hash(digest, DOMAIN), key.groupKey.bytes)).toBe(true);
  });

  it("q-1 shares make nothing", () => {
    const { key, digest, signed } = setup(7);
    const few = signed.slice(0, key.threshold - 1);
    expect(key.combine(digest, few)).toEqual({ faulty: [] });
    expect(combineShares(few, key.threshold)).toBeUndefined();
    // Interpolated as if the polynomial had one degree less, they give some signature, but not the group's.
    const wrong = combineShares(few, few.length)!;
    expect(key.groupKey.verify(digest, wrong)).toBe(false);
    // A repeat does not count as one more.
    expect(key.combine(digest, [...few, few[0]!])).toEqual({ faulty: [] });
  });

  it("names the seats of wrong and malformed shares", () => {
    const { key, digest, signed } = setup(7);
    const shares = signed.map((share) => ({ ...share }));
    shares[1]!.share = signed[2]!.share;
    shares[3]!.share = new Uint8Array(96);
    expect(key.combine(digest, shares)).toEqual({ faulty: [1, 3] });
    expect(key.verifyShare(digest, signed[1]!)).toBe(true);
    expect(key.verifyShare(digest, shares[1]!)).toBe(false);
    expect(key.verifyShare(digest, { seat: 9, share: signed[1]!.share })).toBe(false);
    const good = shares.filter(({ seat }) => seat !== 1 && seat !== 3);
    expect(key.combine(digest, good)).toHaveProperty("signature");
  });

  it("inverts modulo r", () => {
    const random = seededRandom("invert");
    for (let i = 0; i < 20; i++) {
      const value = randomScalar(random);
      expect((value * invert(value)) % ORDER).toBe(1n);
    }
    expect(() => invert(0n)).toThrow(RangeError);
  });
});
