import { LANE_SHARE, type Lane } from "@tributary/protocol/gasless/lanes";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PoolEntry } from "./ports.ts";
import { byTurn, candidates, fillProposal } from "./proposal-quota.ts";

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

/** Transactions that all four members hold, each member's place for them a draw, and what three of the members propose. */
function proposedTogether(count: number, seed: number): number {
  const drawn = fc.sample(fc.noBias(fc.nat()), { seed, numRuns: 5 * count });
  const draw = (): number => drawn.pop() ?? 0;
  const waiting = many("history", count, 20_000).map((one) => {
    const entry = { ...one, age: 3 + (draw() % 6) };
    const seats = [0, 1, 2, 3].map((seat) => ({ seat, at: draw() })).sort((a, b) => a.at - b.at);
    return { entry, seats: seats.map(({ seat }) => seat) };
  });
  const ofThree = [0, 1, 2].flatMap((seat) => {
    const ranked = waiting.map(({ entry, seats }) => ({ entry, rank: seats.indexOf(seat) }));
    const first = ranked.filter(({ rank }) => rank === 0).map(({ entry }) => entry);
    const part = { gas: 1_000_000 / 3, bytes: 1_000_000, spare: 3 / 4 };
    return fillProposal(first, byTurn(ranked.filter(({ rank }) => rank > 0)), part);
  });
  return new Set(ofThree).size;
}

test("a backlog that all members hold fills their blocks", () => {
  // Of 48 that three proposals hold; 30 where all members take the oldest.
  for (let seed = 1; seed <= 20; seed++) expect(proposedTogether(400, seed)).toBeGreaterThanOrEqual(38);
});

test("with age the turn of everybody comes", () => {
  const [old, young] = [entry("history", 1), entry("history", 1)].map((one, i) => ({ ...one, age: i === 0 ? 20 : 3 }));
  if (old === undefined || young === undefined) throw new Error("two entries");
  const turns = byTurn([
    { entry: young, rank: 1 },
    { entry: old, rank: 3 },
  ]);
  expect(turns).toEqual([old, young]);
});

test("priority that was sold is a part of the proposal and no more, and what is not sold is for those with history", () => {
  const flood = many("priority", 500);
  const taken = fillProposal(
    [...flood, ...many("history", 500), ...many("work", 500), ...many("fresh", 500)],
    [],
    bounds,
  );
  expect(taken[0]?.lane).toBe("priority");
  expect(gasOf(taken, "priority")).toBe(LANE_SHARE.priority * 1_000_000);
  // Whether it comes fresh or grew old here.
  const old = fillProposal(many("history", 500), flood, bounds);
  expect(gasOf(old, "priority")).toBe(LANE_SHARE.priority * 1_000_000);
  expect(gasOf(old, "history")).toBe((1 - LANE_SHARE.priority) * 1_000_000);
  // What nobody else wants it may have.
  expect(gasOf(fillProposal(flood, [], bounds))).toBe(1_000_000);
});

test("a proposal out of the shortlist is the one out of all that waits", () => {
  const waiting = [...many("history", 3_000), ...many("work", 3_000), ...many("fresh", 30_000)];
  let asked = 0;
  const rank = (one: PoolEntry): number => {
    asked++;
    return Number(one.hash) % 4;
  };
  const short = candidates(waiting, bounds, rank);
  expect(asked).toBeLessThan(5_000);
  const first = waiting.filter((one) => Number(one.hash) % 4 === 0);
  const others = waiting.filter((one) => Number(one.hash) % 4 !== 0);
  const all = byTurn(others.map((one) => ({ entry: one, rank: Number(one.hash) % 4 })));
  expect(fillProposal(short.first, byTurn(short.others), bounds)).toEqual(fillProposal(first, all, bounds));
});

test("nobody's transaction is on the shortlist without what its sender sent before", () => {
  const before = entry("fresh", 21_000, "late");
  const after = entry("history", 21_000, "late");
  // As the pool gives them: nothing stands before what its sender sent earlier.
  const waiting = [...many("fresh", 30_000), before, after];
  const { first, others } = candidates(waiting, bounds, () => 0);
  expect(others).toEqual([]);
  expect(first.includes(after)).toBe(first.includes(before));
});

test("however many large ones stand before them, small ones have their lane's part", () => {
  // Each is a little more than what is the lane's own.
  const waiting = [
    ...many("history", 500),
    ...many("work", 500),
    ...many("fresh", 5_000, 100_000),
    ...many("fresh", 100),
  ];
  const { first } = candidates(waiting, bounds, () => 0);
  expect(first.length).toBeLessThan(2_000);
  const taken = fillProposal(first, [], bounds);
  expect(taken).toEqual(fillProposal(waiting, [], bounds));
  expect(gasOf(taken, "fresh")).toBeGreaterThan(80_000);
});
