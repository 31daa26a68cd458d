import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { BlsSecretKey } from "@tributary/protocol/crypto/bls";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { coordinate, evaluate, randomScalar, scalarToBytes } from "@tributary/protocol/crypto/scalar";
import { addressOfSecretKey, nodeSignatures } from "@tributary/protocol/crypto/secp256k1";
import { combineShares, ThresholdKey } from "@tributary/protocol/crypto/threshold";
import { expect, test } from "vitest";
import { BatchVerifier } from "./batch-verifier.ts";
import { nativeAddressOfSecretKey, nativeNodeSignatures } from "./native-node-signatures.ts";

const seed = { count: 0 };
const random = (length: number): Uint8Array => {
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += 32) out.set(keccak256(Uint8Array.of(seed.count++)).subarray(0, length - at), at);
  return out;
};
const polynomial = [0, 1, 2].map(() => randomScalar(random));
const shares = [0, 1, 2, 3].map(
  (seat) => BlsSecretKey.fromBytes(scalarToBytes(evaluate(polynomial, coordinate(seat))))!,
);
const group = BlsSecretKey.fromBytes(scalarToBytes(polynomial[0]!))!;
const nodeKeys = [0, 1, 2, 3].map(() => random(32));

function verifier(): BatchVerifier {
  return new BatchVerifier({
    nodeAddresses: nodeKeys.map((key) => addressOfSecretKey(key)!),
    key: new ThresholdKey(
      group.publicKey,
      shares.map((share) => share.publicKey),
      3,
    ),
  });
}

const digest = (i: number): Uint8Array => keccak256(Uint8Array.of(1, i));
const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
const certificate = (v: BatchVerifier, d: Uint8Array, s: Uint8Array): Promise<boolean> =>
  new Promise((resolve) => v.certificate(d, s, resolve));

test("native node signatures are the pure ones", () => {
  for (const key of nodeKeys) expect(nativeAddressOfSecretKey(key)).toEqual(addressOfSecretKey(key));
  for (const bad of [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(31)])
    expect(nativeAddressOfSecretKey(bad)).toBeUndefined();
  for (let i = 0; i < 20; i++) {
    const signature = nodeSignatures.sign(nodeKeys[i % 4]!, digest(i));
    expect(nativeNodeSignatures.sign(nodeKeys[i % 4]!, digest(i))).toEqual(signature);
    expect(nativeNodeSignatures.recoverAddress(digest(i), signature)).toEqual(
      nodeSignatures.recoverAddress(digest(i), signature),
    );
  }
});

test("a node signature counts for its seat alone, and in its canonical form alone", () => {
  const v = verifier();
  const check = (seat: number, d: Uint8Array, s: Uint8Array): boolean | undefined => {
    let result: boolean | undefined;
    v.node(seat, d, s, (ok) => {
      result = ok;
    });
    return result;
  };
  const signature = nativeNodeSignatures.sign(nodeKeys[2]!, digest(1));
  expect(check(2, digest(1), signature)).toBe(true);
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const high = signature.slice();
  high.set(fromHex((order - BigInt(toHex(signature.slice(32, 64)))).toString(16).padStart(64, "0"))!, 32);
  high[64]! ^= 1;
  for (const bad of [
    high,
    flip(signature, 0),
    flip(signature, 64),
    signature.slice(0, 64),
    new Uint8Array(65),
    new Uint8Array(0),
    new Uint8Array(65).fill(255),
  ]) {
    expect(check(2, digest(1), bad)).toBe(false);
  }
  expect(check(1, digest(1), signature)).toBe(false);
  expect(check(9, digest(1), signature)).toBe(false);
  expect(check(2, digest(2), signature)).toBe(false);
});

test("finds the bad certificates of a batch and no other", async () => {
  const v = verifier();
  const bad = new Set([3, 11, 12]);
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, i) => {
      const signature = group.sign(digest(i));
      if (i === 11) return certificate(v, digest(i), flip(signature, 50));
      if (i === 12) return certificate(v, digest(i), new Uint8Array(96));
      return certificate(v, digest(bad.has(i) ? i + 100 : i), signature);
    }),
  );
  expect(results.flatMap((ok, i) => (ok ? [] : [i]))).toEqual([...bad]);
  expect(v.stats.bad).toBe(3);
});

test("good certificates of one turn are one batch", async () => {
  const v = verifier();
  const results = await Promise.all(
    Array.from({ length: 16 }, (_, i) => certificate(v, digest(i), group.sign(digest(i)))),
  );
  expect(results.every(Boolean)).toBe(true);
  expect(v.stats.batches).toBe(1);
});

test("combines shares, names the faulty, and knows them from then on", () => {
  const v = verifier();
  const signed = (d: Uint8Array): { seat: number; share: Uint8Array }[] =>
    shares.map((share, seat) => ({ seat, share: share.sign(d) }));
  const combine = (d: Uint8Array, list: { seat: number; share: Uint8Array }[]): unknown => {
    let result: unknown;
    v.combine(d, list, (outcome) => {
      result = outcome;
    });
    return result;
  };
  const all = signed(digest(1));
  expect(combine(digest(1), all.slice(0, 3))).toEqual({ signature: group.sign(digest(1)) });
  expect(combineShares(all.slice(1), 3)).toEqual(group.sign(digest(1)));
  const wrong = [all[0]!, { seat: 1, share: shares[1]!.sign(digest(5)) }, all[2]!];
  expect(combine(digest(1), wrong)).toEqual({ faulty: [1] });
  expect(combine(digest(1), [all[0]!, { seat: 2, share: new Uint8Array(96) }, all[3]!])).toEqual({ faulty: [2] });
  const next = signed(digest(2));
  expect(combine(digest(2), next.slice(0, 3))).toEqual({ signature: group.sign(digest(2)) });
  // A known offender is found before anything is combined, also when the rest would do.
  expect(combine(digest(2), [next[0]!, { seat: 1, share: next[2]!.share }, next[3]!])).toEqual({ faulty: [1] });
});

test("every call is settled at stop and after", async () => {
  const v = verifier();
  const waiting = [1, 2, 3].map((i) => certificate(v, digest(i), group.sign(digest(i))));
  const overflow = Array.from({ length: 2_000 }, () => certificate(v, digest(1), new Uint8Array(96)));
  v.stop();
  expect(await Promise.all(waiting)).toEqual([false, false, false]);
  expect((await Promise.all(overflow)).some(Boolean)).toBe(false);
  expect(await certificate(v, digest(1), group.sign(digest(1)))).toBe(false);
});
