import { LANE_SHARE, type Lane } from "@tributary/protocol/gasless/lanes";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PoolEntry } from "./ports.ts";
import { fillProposal } from "./proposal-quota.ts";

const bounds = { gas: 1_000_000, bytes: 1_000_000, spare: 3 / 4 };
let made = 0;

function entry(lane: Lane, gas: number, sender = `${made}`): PoolEntry {
  const hash = `0x${(made++).toString(16)}` as const;
  const raw = new Uint8Array(100);
  return { hash, sender: `0x${sender}`, raw, gas, age: 0, lane, sealed: raw };
}

const many = (lane: Lane, count: number, gas = 10_000): PoolEntry[] =>
  Array.from({ length: count }, () => entry(lane, gas));

function gasOf(entries: readonly PoolEntry[], lane?: Lane): number {
  return entries.filter((one) => lane === undefined || one.lane === lane).reduce((sum, { gas }) => sum + gas, 0);
}

test("each lane has its share while all want it", () => {
  const taken = fillProposal([...many("history", 500), ...many("work", 500), ...many("fresh", 500)], [], bounds);
  expect(gasOf(taken)).toBe(1_000_000);
  expect(gasOf(taken, "work")).toBeLessThanOrEqual(LANE_SHARE.work * 1_000_000);
  expect(gasOf(taken, "fresh")).toBeLessThanOrEqual(LANE_SHARE.fresh * bounds.spare * 1_000_000);
  expect(gasOf(taken, "fresh")).toBeGreaterThan(80_000);
  expect(gasOf(taken, "work")).toBeGreaterThan(200_000);
});

test("gas that nobody else wants goes to whoever asks", () => {
  expect(gasOf(fillProposal(many("fresh", 500), [], bounds))).toBe(750_000);
  expect(gasOf(fillProposal(many("history", 500), [], bounds))).toBe(1_000_000);
  expect(gasOf(fillProposal([], many("work", 500), bounds))).toBe(1_000_000);
  const mixed = fillProposal([...many("history", 10), ...many("fresh", 500)], [], bounds);
  expect(gasOf(mixed, "history")).toBe(100_000);
  expect(gasOf(mixed)).toBe(750_000);
});

test("those that grow old have a part of each lane, and a large one with history has its turn", () => {
  const taken = fillProposal(many("history", 500), many("history", 500), bounds);
  const old = fillProposal([], [entry("history", 900_000)], bounds);
  expect(taken).toHaveLength(100);
  expect(old).toHaveLength(1);
  const busy = fillProposal([entry("history", 800_000), ...many("history", 500)], many("fresh", 500), bounds);
  expect(busy[0]?.gas).toBe(800_000);
  expect(fillProposal([...many("history", 500), entry("fresh", 200_000)], [], bounds)).toHaveLength(100);
});

test("never more than the quota, and a sender's transactions in their order without a gap", () => {
  const lanes = fc.constantFrom<Lane>("history", "work", "fresh");
  const one = fc.record({ lane: lanes, gas: fc.integer({ min: 21_000, max: 600_000 }), sender: fc.nat(5) });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 60 }), fc.array(one, { maxLength: 20 }), (a, b) => {
      const first = a.map(({ lane, gas, sender }) => entry(lane, gas, `a${sender}`));
      const others = b.map(({ lane, gas, sender }) => entry(lane, gas, `b${sender}`));
      const taken = fillProposal(first, others, bounds);
      expect(gasOf(taken)).toBeLessThanOrEqual(bounds.gas);
      expect(new Set(taken).size).toBe(taken.length);
      for (const sender of new Set(taken.map((entry) => entry.sender))) {
        const of = (entries: readonly PoolEntry[]): PoolEntry[] => entries.filter((entry) => entry.sender === sender);
        const own = of(taken);
        expect(own).toEqual([...of(first), ...of(others)].slice(0, own.length));
      }
    }),
  );
});
