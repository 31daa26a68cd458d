import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import { Finality } from "./finality.ts";
import type { HexHash } from "./types.ts";

const word = (byte: number): HexHash => toHex(new Uint8Array(32).fill(byte));
const sign = (height: number, byte: number) => ({ kind: "sign-final", height, hash: word(byte) });
const final = (height: number, byte: number) => ({ kind: "final", height, hash: word(byte) });

test("execution, then the certificate", () => {
  const finality = new Finality(0);
  expect(finality.executed(1, word(1))).toEqual([sign(1, 1)]);
  expect(finality.wants(1)).toBe(true);
  expect(finality.certified(1, word(1))).toEqual([final(1, 1)]);
  expect(finality.certified(1, word(1))).toEqual([]);
  expect(finality.wants(1)).toBe(false);
  expect(finality.final).toBe(1);
});

test("the certificate, then execution: near the tip the share still goes out", () => {
  const finality = new Finality(0);
  expect(finality.certified(1, word(1))).toEqual([final(1, 1)]);
  expect(finality.executed(1, word(1))).toEqual([sign(1, 1)]);
  for (let height = 2; height <= 9; height++) finality.certified(height, word(height));
  expect(finality.executed(2, word(2))).toEqual([]);
  expect(finality.executed(7, word(7))).toEqual([sign(7, 7)]);
});

test("one hash for a height, ever", () => {
  const finality = new Finality(0);
  finality.executed(1, word(1));
  expect(finality.executed(1, word(2))).toEqual([]);
});

test("a different certificate is a divergence, once, in either order; after it nothing is signed", () => {
  const diverged = { kind: "diverged", height: 1, own: word(1), certified: word(2) };
  const before = new Finality(0);
  before.executed(1, word(1));
  expect(before.certified(1, word(2))).toEqual([diverged]);
  expect(before.executed(2, word(3))).toEqual([]);
  expect(before.certified(2, word(4))).toEqual([final(2, 4)]);
  expect(before.final).toBe(2);

  const after = new Finality(0);
  after.certified(1, word(2));
  expect(after.executed(1, word(1))).toEqual([diverged]);
  expect(after.diverged).toBe(true);
});

test("a certificate below the highest still finishes its height", () => {
  const finality = new Finality(0);
  finality.executed(1, word(1));
  finality.executed(2, word(2));
  expect(finality.certified(2, word(2))).toEqual([final(2, 2)]);
  expect(finality.wants(1)).toBe(true);
  expect(finality.certified(1, word(1))).toEqual([final(1, 1)]);
  expect(finality.final).toBe(2);
});
