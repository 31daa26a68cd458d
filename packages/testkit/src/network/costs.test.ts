import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { NetworkSimulation } from "./simulation.ts";

// What a height costs, as exact counts of whole members on a quiet simulated network with one transaction a height: a
// change that costs messages, bytes or signatures shows here. To take new counts over, run with TRIBUTARY_UPDATE=1.

const FILE = new URL("./costs.snapshot.json", import.meta.url);
const SIZES = [1, 4, 7, 16];
const HEIGHTS = 20;
const SEEDS = [1, 2, 3];

type Counts = Record<string, number>;

/** Of one member and height, on average over all; rounded to thousandths. */
function costsOf(members: number): { readonly messages: Counts; readonly bytes: number; readonly signatures: Counts } {
  const messages: Counts = {};
  const signatures: Counts = {};
  let bytes = 0;
  for (const seed of SEEDS) {
    const world = new NetworkSimulation({ members, heights: 1, seed, calm: true });
    const [first] = world.start();
    world.advance(1_000);
    for (let nonce = 0; nonce < HEIGHTS; nonce++) {
      world.submit(first!, 1, nonce);
      world.advance(700);
    }
    // Some seeds have slow disks.
    world.advance(5_000);
    expect(world.outstanding).toBe(0);
    const share = 1 / (members * first!.committed * SEEDS.length);
    const { traffic, crypto } = world.costs;
    for (const [kind, sum] of traffic) {
      messages[kind] = (messages[kind] ?? 0) + sum.messages * share;
      bytes += sum.bytes * share;
    }
    for (const [kind, count] of Object.entries(crypto)) signatures[kind] = (signatures[kind] ?? 0) + count * share;
  }
  return { messages: rounded(messages), bytes: Math.round(bytes), signatures: rounded(signatures) };
}

function rounded(counts: Counts): Counts {
  const sorted = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([kind, count]) => [kind, Math.round(count * 1_000) / 1_000]));
}

test("a height costs what the committed snapshot says", () => {
  const costs = Object.fromEntries(SIZES.map((members) => [members, costsOf(members)]));
  if (process.env["TRIBUTARY_UPDATE"] === "1") writeFileSync(FILE, `${JSON.stringify(costs, null, 2)}\n`);
  expect(costs).toEqual(JSON.parse(readFileSync(FILE, "utf8")));
});
