import { expect, test } from "vitest";
import { check } from "./checker.ts";
import type { Block, Hash, History, Rule } from "./history.ts";

const hash = (name: string, number: number): Hash => `0x${name}${number}`;

/** Blocks 1 to `head`, two transactions each. */
function chain(head: number): Block[] {
  return Array.from({ length: head }, (_, index) => ({
    height: index + 1,
    hash: hash("b", index + 1),
    parentHash: hash("b", index),
    transactions: [hash("t", 2 * index), hash("t", 2 * index + 1)],
    certified: true,
  }));
}

/** Four members at height 6 (the last at 5, without the first two blocks), as a run without violations leaves them. */
function lawful(): History {
  const whole = { earliest: 1, blocks: chain(6) };
  return {
    observations: [1, 2, 2, 5].flatMap((height, turn) =>
      [0, 1, 2, 3].map((member) => ({ at: 100 * turn, member, height, hash: hash("b", height) })),
    ),
    acknowledgements: [0, 3, 11].map((number) => ({ at: 50, member: 1, hash: hash("t", number) })),
    chains: [whole, whole, whole, { earliest: 3, blocks: chain(5).slice(2) }],
  };
}

/** The lawful history with one block of one member changed. */
function withBlock(member: number, height: number, change: Partial<Block>): History {
  const history = lawful();
  const chains = history.chains.map(({ earliest, blocks }, index) => ({
    earliest,
    blocks: blocks.map((block) => (index === member && block.height === height ? { ...block, ...change } : block)),
  }));
  return { ...history, chains };
}

const rules = (history: History): readonly Rule[] => [...new Set(check(history).map(({ rule }) => rule))];

test("a lawful history passes, and an empty one", () => {
  expect(check(lawful())).toEqual([]);
  expect(check({ observations: [], acknowledgements: [], chains: [] })).toEqual([]);
});

test("two members with different blocks at a height", () => {
  expect(rules(withBlock(2, 6, { hash: "0xother" }))).toEqual(["one chain"]);
  expect(check(withBlock(2, 6, { hash: "0xother" }))[0]?.what).toBe(
    "block 6 is 0xb6 at member 0 and 0xother at member 2",
  );
});

test("a block that was shown and is another one, or nobody's, at the end", () => {
  const history = lawful();
  const shown = (height: number, name: Hash): History => ({
    ...history,
    observations: [...history.observations, { at: 900, member: 0, height, hash: name }],
  });
  expect(rules(shown(6, "0xother"))).toEqual(["one chain"]);
  expect(rules(shown(7, "0xb7"))).toEqual(["one chain"]);
  expect(rules(shown(6, "0xb6"))).toEqual([]);
});

test("a head that goes back, even to the same chain", () => {
  const history = lawful();
  const back = { at: 900, member: 3, height: 4, hash: hash("b", 4) };
  expect(rules({ ...history, observations: [...history.observations, back] })).toEqual(["monotone heads"]);
});

test("an acknowledged transaction that no block holds", () => {
  const history = lawful();
  const lost = { at: 60, member: 2, hash: hash("t", 99) };
  expect(check({ ...history, acknowledgements: [...history.acknowledgements, lost] })).toEqual([
    { rule: "nothing lost", what: "0xt99, acknowledged by member 2 at 60 ms" },
  ]);
});

test("a transaction in two blocks, or twice in one", () => {
  const twice = [hash("t", 10), hash("t", 0)];
  expect(rules(withBlock(0, 6, { transactions: twice }))).toContain("no duplicate");
  expect(rules(withBlock(1, 6, { transactions: [hash("t", 11), hash("t", 11)] }))).toEqual(["no duplicate"]);
});

test("a block without a certificate, a gap, a broken link", () => {
  expect(rules(withBlock(3, 4, { certified: false }))).toEqual(["certified"]);
  expect(rules(withBlock(0, 4, { parentHash: "0xother" }))).toEqual(["whole"]);
  const history = lawful();
  const gap = { earliest: 1, blocks: chain(6).filter(({ height }) => height !== 3) };
  expect(rules({ ...history, chains: [gap, ...history.chains.slice(1)] })).toEqual(["whole"]);
  const late = { earliest: 1, blocks: chain(6).slice(1) };
  expect(rules({ ...history, chains: [late, ...history.chains.slice(1)] })).toEqual(["whole"]);
});

test("many violations of a rule are told in part and counted", () => {
  const history = lawful();
  const acknowledgements = Array.from({ length: 25 }, (_, i) => ({ at: i, member: 0, hash: hash("x", i) }));
  const told = check({ ...history, acknowledgements });
  expect(told).toHaveLength(11);
  expect(told.at(-1)?.what).toBe("and 15 more");
});
