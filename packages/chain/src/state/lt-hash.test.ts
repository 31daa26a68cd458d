import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { LT_HASH_BYTES, LT_HASH_SUMS, LtHashChange } from "./lt-hash.ts";

type Pair = { readonly sum: number; readonly key: string; readonly value: Uint8Array; readonly removed: boolean };

/** By OpenSSL, lane by lane. */
function byDefinition(before: Uint32Array, pairs: readonly Omit<Pair, "sum">[]): Buffer {
  const sum = Buffer.from(new Uint8Array(before.buffer).slice());
  for (const { key, value, removed } of pairs) {
    const length = Buffer.of(key.length >> 8, key.length & 255);
    const input = Buffer.concat([length, Buffer.from(key, "latin1"), value]);
    const element = createHash("shake128", { outputLength: LT_HASH_BYTES }).update(input).digest();
    for (let i = 0; i < LT_HASH_BYTES; i += 2) {
      const lane = sum.readUInt16LE(i) + (removed ? -1 : 1) * element.readUInt16LE(i);
      sum.writeUInt16LE(lane & 0xffff, i);
    }
  }
  return sum;
}

function bytesOf(sum: Uint32Array): Buffer {
  return Buffer.from(sum.buffer, sum.byteOffset, sum.byteLength);
}

function pair(i: number, length: number): Pair {
  const key = String.fromCharCode(...Array.from({ length: i % 60 }, (_, at) => (at * 31 + i) & 255));
  const value = Uint8Array.from({ length: Math.max(0, length - key.length) }, (_, at) => (at * 7 + i) & 255);
  return { sum: i % 5 === 0 ? LT_HASH_SUMS - 1 : i % 3, key, value, removed: i % 4 === 3 };
}

test("sums of pairs of every length up to and past a block are those of OpenSSL's SHAKE128", () => {
  const before = (sum: number): Uint32Array =>
    Uint32Array.from({ length: LT_HASH_BYTES / 4 }, (_, i) => Math.imul(i + 1, 0x9e3779b1 * (sum + 1)) >>> 0);
  for (const count of [181, 40]) {
    const pairs = Array.from({ length: count }, (_, i) => pair(i, i));
    const change = new LtHashChange(before, false);
    for (const { sum, key, value, removed } of pairs) change.change(sum, key, value, removed);
    const after = new Map(change.end());
    expect([...after.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, LT_HASH_SUMS - 1]);
    for (const [sum, found] of after) {
      const own = pairs.filter((one) => one.sum === sum);
      expect(bytesOf(found).equals(byDefinition(before(sum), own))).toBe(true);
    }
  }
});

test("what is put in and taken out again leaves the sum as it was, and is not the caller's before the end", () => {
  const sum = new Uint32Array(LT_HASH_BYTES / 4).fill(0xfffe0001);
  const change = new LtHashChange(() => sum, true);
  for (const removed of [false, true]) change.change(7, "key", Uint8Array.of(1, 2), removed);
  change.change(7, "other", Uint8Array.of(3), false);
  change.change(7, "other", Uint8Array.of(3), true);
  expect(change.end().map(([which, after]) => [which, bytesOf(after).equals(bytesOf(sum))])).toEqual([[7, true]]);
});

test("elements that are kept are those of the very pair, whoever changes its bytes later, and however many there are", () => {
  const zero = (): Uint32Array => new Uint32Array(LT_HASH_BYTES / 4);
  const value = Uint8Array.of(1, 1);
  const last = new Map<string, Uint8Array>();
  const put = new LtHashChange(zero, true);
  for (let i = 0; i < 5_000; i++) {
    const [key, own] = [`key ${i % 2_100}`, Uint8Array.of(i & 255, i >> 8)];
    put.change(0, key, own, false);
    last.set(key, own);
  }
  put.change(0, "mutable", value, false);
  const [before] = put.end().map(([, sum]) => sum);
  value[0] = 2;
  const taken = new LtHashChange(() => before ?? zero(), true);
  const pairs = [...[...last].slice(-300), ["mutable", value] as const];
  for (const [key, own] of pairs) taken.change(0, key, own, true);
  const [after] = taken.end().map(([, sum]) => sum);
  const expected = byDefinition(
    before ?? zero(),
    pairs.map(([key, own]) => ({ key, value: own, removed: true })),
  );
  expect(bytesOf(after ?? zero()).equals(expected)).toBe(true);
});
