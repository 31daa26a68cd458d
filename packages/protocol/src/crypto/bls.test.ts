import { bls12_381 } from "@noble/curves/bls12-381.js";
import { describe, expect, it } from "vitest";
import { seededRandom, strayPoint } from "../keygen/ceremony.testing.ts";
import { aggregateSignatures, BlsPublicKey, BlsSecretKey, provePossession, verifyPossession } from "./bls.ts";
import { publicKeyFromEip2537, publicKeyToEip2537, signatureFromEip2537, signatureToEip2537 } from "./eip2537.ts";

const DOMAIN = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const noble = bls12_381.longSignatures;
const random = seededRandom("bls");
const secret = BlsSecretKey.generate(random);
const digest = random(32);
const signature = secret.sign(digest);

const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = bytes.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
};

describe("BLS", () => {
  it("makes what noble makes", () => {
    const scalar = secret.toBytes();
    expect(noble.getPublicKey(scalar).toBytes(true)).toEqual(secret.publicKey.bytes);
    const hashed = noble.hash(digest, DOMAIN);
    expect(noble.Signature.toBytes(noble.sign(hashed, scalar))).toEqual(signature);
    expect(noble.verify(signature, hashed, secret.publicKey.bytes)).toBe(true);
  });

  it("accepts a signature and no change of it", () => {
    expect(secret.publicKey.verify(digest, signature)).toBe(true);
    expect(secret.publicKey.verify(flip(digest, 3), signature)).toBe(false);
    for (const bit of [0, 5, 6, 7, 90, 400, 767]) {
      expect(secret.publicKey.verify(digest, flip(signature, bit))).toBe(false);
    }
    expect(BlsSecretKey.generate(random).publicKey.verify(digest, signature)).toBe(false);
    expect(secret.publicKey.verify(digest.subarray(1), signature)).toBe(false);
  });

  it("refuses malformed points as values", () => {
    const infinityKey = new Uint8Array(48);
    infinityKey[0] = 0xc0;
    const infinitySignature = new Uint8Array(96);
    infinitySignature[0] = 0xc0;
    for (const bytes of [
      infinityKey,
      new Uint8Array(48),
      new Uint8Array(48).fill(0xff),
      new Uint8Array(0),
      secret.publicKey.bytes.subarray(1),
      strayPoint(true),
      strayPoint(false),
    ]) {
      expect(BlsPublicKey.fromBytes(bytes)).toBeUndefined();
      expect(publicKeyToEip2537(bytes)).toBeUndefined();
    }
    for (const bytes of [infinitySignature, new Uint8Array(96), new Uint8Array(95), new Uint8Array(192)]) {
      expect(secret.publicKey.verify(digest, bytes)).toBe(false);
      expect(secret.publicKey.verifyBatch([{ digest, signature: bytes }])).toBe(false);
      expect(aggregateSignatures([signature, bytes])).toBeUndefined();
      expect(signatureToEip2537(bytes)).toBeUndefined();
    }
    for (const bytes of [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(31).fill(1)]) {
      expect(BlsSecretKey.fromBytes(bytes)).toBeUndefined();
    }
  });

  it("finds one bad signature in a batch", () => {
    const items = Array.from({ length: 8 }, () => {
      const each = random(32);
      return { digest: each, signature: secret.sign(each) };
    });
    expect(secret.publicKey.verifyBatch(items)).toBe(true);
    // Swapping two good ones keeps their sum: only weights tell.
    const swapped = items.map((item, i) => ({ ...item, signature: items[i < 2 ? 1 - i : i]!.signature }));
    expect(secret.publicKey.verifyBatch(swapped)).toBe(false);
    expect(secret.publicKey.verifyBatch([])).toBe(true);
  });

  it("checks many keys over one digest at once", () => {
    const secrets = Array.from({ length: 4 }, () => BlsSecretKey.generate(random));
    const keys = secrets.map(({ publicKey }) => publicKey);
    const signatures = secrets.map((each) => each.sign(digest));
    expect(BlsPublicKey.verifySame(digest, keys, signatures)).toBe(true);
    expect(BlsPublicKey.verifySame(digest, keys, [...signatures].reverse())).toBe(false);
    expect(BlsPublicKey.verifySame(digest, keys, signatures.slice(1))).toBe(false);
    const sum = BlsPublicKey.aggregate(keys);
    expect(sum?.verify(digest, aggregateSignatures(signatures)!)).toBe(true);
    expect(sum?.verify(digest, aggregateSignatures(signatures.slice(1))!)).toBe(false);
    expect(BlsPublicKey.aggregate([])).toBeUndefined();
  });

  it("ties a proof of possession to account and key", () => {
    const account = random(20);
    const proof = provePossession(secret, account);
    expect(verifyPossession(account, secret.publicKey, proof)).toBe(true);
    expect(verifyPossession(random(20), secret.publicKey, proof)).toBe(false);
    expect(verifyPossession(account, BlsSecretKey.generate(random).publicKey, proof)).toBe(false);
    expect(verifyPossession(account.subarray(1), secret.publicKey, proof)).toBe(false);
  });

  it("goes to the contracts' encoding and back", () => {
    const key = publicKeyToEip2537(secret.publicKey.bytes)!;
    const sig = signatureToEip2537(signature)!;
    expect(key.length).toBe(128);
    expect(sig.length).toBe(256);
    expect(publicKeyFromEip2537(key)).toEqual(secret.publicKey.bytes);
    expect(signatureFromEip2537(sig)).toEqual(signature);
    const padded = key.slice();
    padded[0] = 1;
    expect(publicKeyFromEip2537(padded)).toBeUndefined();
    const flagged = key.slice();
    flagged[16] = (flagged[16] ?? 0) | 0x80;
    expect(publicKeyFromEip2537(flagged)).toBeUndefined();
    expect(publicKeyFromEip2537(new Uint8Array(128))).toBeUndefined();
    expect(signatureFromEip2537(new Uint8Array(256))).toBeUndefined();
    expect(signatureFromEip2537(sig.subarray(1))).toBeUndefined();
  });
});
