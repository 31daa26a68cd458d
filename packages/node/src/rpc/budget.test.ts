import { expect, test } from "vitest";
import { type ChainBudget, NodeBudget } from "./budget.ts";

const settings = { unitsPerSecond: 12_800, surplusPerSecond: 1_000, burstSeconds: 2, leastBurst: 500 };

/** Units that a chain gets when it asks for single ones until it is refused. */
function drain(chain: ChainBudget): number {
  let got = 0;
  while (chain.take(1) === 0) got++;
  return got;
}

test("rates are proportional to slots", () => {
  const node = new NodeBudget(settings, () => 0);
  expect([1, 16, 128].map((slots) => node.open(slots).rate)).toEqual([100, 1_600, 12_800]);
});

test("a flooded chain takes its own and the surplus, and not what its neighbour is promised", () => {
  let now = 0;
  const node = new NodeBudget(settings, () => now);
  const flooded = node.open(1);
  const neighbour = node.open(16);
  drain(flooded);
  drain(neighbour);
  for (let second = 1; second <= 5; second++) {
    now = second * 1_000;
    // The neighbour saves up: its burst holds two seconds, so nothing of its rate is given away before that.
    expect(drain(flooded)).toBe(100 + 1_000);
  }
  expect(drain(neighbour)).toBeGreaterThanOrEqual(2 * 1_600);
});

test("without unused share there is no surplus", () => {
  let now = 0;
  const node = new NodeBudget(settings, () => now);
  const half = node.open(64);
  const other = node.open(64);
  drain(half);
  drain(other);
  now = 1_000;
  expect(drain(other)).toBe(6_400);
  expect(drain(half)).toBe(6_400);
});

test("a refusal says when to come back, and coming back then works", () => {
  let now = 0;
  const node = new NodeBudget(settings, () => now);
  const chain = node.open(1);
  drain(chain);
  const wait = chain.take(50);
  expect(wait).toBeGreaterThan(0);
  now = wait * 1_000;
  expect(chain.take(50)).toBe(0);
});

test("what a call cost beyond its weight is paid back before the next one", () => {
  let now = 0;
  const node = new NodeBudget(settings, () => now);
  const chain = node.open(1);
  chain.charge(500 + 1_000 + 3_000);
  expect(chain.take(1)).toBeGreaterThan(1);
  now = 1_000;
  expect(chain.take(1)).toBeGreaterThan(0);
  now = 60_000;
  expect(chain.take(1)).toBe(0);
});

test("savings end at the burst", () => {
  let now = 0;
  const node = new NodeBudget(settings, () => now);
  const chain = node.open(1);
  now = 3_600_000;
  expect(drain(chain)).toBe(500 + 1_000);
});
