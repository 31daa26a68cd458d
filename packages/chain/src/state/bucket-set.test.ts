import { createHash } from "node:crypto";
import { toHex } from "@tributary/protocol/bytes/hex";
import { merkleRoot } from "@tributary/protocol/container/merkle";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { expect, test } from "vitest";
import { fromKey } from "../store/key.ts";
import { BUCKETS, BucketSet, type Change } from "./bucket-set.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Straight from the definition: lanes added one by one, tree by the protocol's Merkle root. */
function rootByDefinition(entries: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sums = Array.from({ length: BUCKETS }, () => Buffer.alloc(2048));
  for (const [key, value] of entries) {
    const raw = fromKey(key);
    const sum = sums[keccak256(raw)[0]!]!;
    const input = Buffer.concat([Buffer.of(raw.length >> 8, raw.length & 0xff), raw, value]);
    const element = createHash("shake128", { outputLength: 2048 }).update(input).digest();
    for (let i = 0; i < 2048; i += 2) {
      sum.writeUInt16LE((sum.readUInt16LE(i) + element.readUInt16LE(i)) & 0xffff, i);
    }
  }
  return merkleRoot(sums.map((sum) => keccak256(sum)));
}

function step(entries: Map<string, Uint8Array>, seed: number): Change[] {
  const changes: Change[] = [];
  for (let i = 0; i < 40; i++) {
    const key = `s${(seed * 31 + i * 7) % 90}`;
    const before = entries.get(key);
    const after = (seed + i) % 5 === 0 ? undefined : bytes(`value ${seed} ${i}`);
    if (changes.some((change) => change.key === key) || (before === undefined && after === undefined)) continue;
    changes.push({ key, before, after });
    if (after === undefined) entries.delete(key);
    else entries.set(key, after);
  }
  return changes;
}

test("the incremental root equals the root by definition after every step", () => {
  const entries = new Map<string, Uint8Array>();
  let set = BucketSet.empty();
  expect(toHex(set.root)).toBe(toHex(rootByDefinition(entries)));
  for (let seed = 1; seed <= 12; seed++) {
    set = set.apply(step(entries, seed));
    expect(toHex(set.root)).toBe(toHex(rootByDefinition(entries)));
  }
});

test("removing everything gives the empty root", () => {
  const entries = new Map<string, Uint8Array>();
  const full = BucketSet.empty().apply(step(entries, 3));
  const gone = full.apply([...entries].map(([key, before]) => ({ key, before, after: undefined })));
  expect(toHex(full.root)).not.toBe(toHex(BucketSet.empty().root));
  expect(toHex(gone.root)).toBe(toHex(BucketSet.empty().root));
});

test("a set is not changed by applying changes to it", () => {
  const first = BucketSet.empty().apply([{ key: "a1", before: undefined, after: bytes("x") }]);
  const root = toHex(first.root);
  first.apply([{ key: "a1", before: bytes("x"), after: bytes("y") }]);
  expect(toHex(first.root)).toBe(root);
});

test("survives a round trip through its stored accumulators", () => {
  const set = BucketSet.empty().apply(step(new Map(), 5));
  expect(toHex(BucketSet.of((bucket) => set.accumulator(bucket)).root)).toBe(toHex(set.root));
});

test("key and value cannot be shifted against each other", () => {
  const one = BucketSet.empty().apply([{ key: "ab", before: undefined, after: bytes("c") }]);
  const other = BucketSet.empty().apply([{ key: "a", before: undefined, after: bytes("bc") }]);
  expect(toHex(one.root)).not.toBe(toHex(other.root));
});
