import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import type { Checkpoint, HexHash } from "../consensus/types.ts";
import { containerCheckpoint } from "./checkpoint.ts";
import { rankSeats } from "./rank.ts";
import { containerTime } from "./time.ts";

const word = (byte: number): HexHash => toHex(new Uint8Array(32).fill(byte));
const at = (number: number, byte: number): Checkpoint => ({ number, hash: word(byte) });

test("time is the lower median, one millisecond forward at least and ten minutes at most", () => {
  expect(containerTime(100, [500, 300, 400])).toBe(400);
  expect(containerTime(100, [500, 300, 400, 600])).toBe(400);
  expect(containerTime(100, [7])).toBe(101);
  expect(containerTime(100, [])).toBe(101);
  expect(containerTime(100, [9e12, 9e12, 9e12])).toBe(600_100);
});

test("f liars of 3f+1 cannot move the clock past honest ones", () => {
  expect(containerTime(0, [10, 20, 30, 40, 9e12])).toBe(30);
  expect(containerTime(0, [0, 10, 20, 30, 40])).toBe(20);
});

test("the checkpoint is the highest that f+1 report, else the last", () => {
  const last = at(32, 1);
  const honest = [at(64, 2), at(96, 3)];
  expect(containerCheckpoint(last, [honest, honest, [at(64, 2)]], 4)).toEqual(at(96, 3));
  expect(containerCheckpoint(last, [honest, [at(64, 2)], []], 4)).toEqual(at(64, 2));
  expect(containerCheckpoint(last, [honest, [], []], 4)).toEqual(last);
  expect(containerCheckpoint(last, [[at(128, 9)], honest, honest], 4)).toEqual(at(96, 3));
  expect(containerCheckpoint(last, [[at(128, 9), at(128, 9)], [], []], 4)).toEqual(last);
  expect(containerCheckpoint(last, [[at(16, 5)], [at(16, 5)]], 4)).toEqual(last);
  expect(containerCheckpoint(last, [[at(96, 3)], [at(96, 3)], [at(96, 4)], [at(96, 4)]], 4)).toEqual(last);
  expect(containerCheckpoint(last, [[at(33, 2)]], 1)).toEqual(at(33, 2));
});

test("ranks are a permutation that follows the beacon", () => {
  const seats = [0, 2, 3, 5, 6];
  const orders = new Set<string>();
  for (let i = 0; i < 32; i++) {
    const ranked = rankSeats(word(i), seats);
    expect(ranked.toSorted((a, b) => a - b)).toEqual(seats);
    expect(rankSeats(word(i), seats.toReversed())).toEqual(ranked);
    orders.add(ranked.join());
  }
  expect(orders.size).toBeGreaterThan(16);
});
