import { expect, test } from "vitest";
import { Random } from "../agreement/random.ts";
import { Processor } from "./processor.ts";
import { WideLinks } from "./wide-links.ts";
import { WideSimulation } from "./wide-simulation.ts";

const free = { nodeSign: 0, nodeCheck: 0, shareSign: 0, certificate: 0, combine: 0, execute: 0, flush: 0 };

test("a processor does one thing after the other", () => {
  let now = 0;
  const processor = new Processor(() => now);
  expect([processor.take(5), processor.take(3), processor.backlog]).toEqual([5, 8, 8]);
  now = 20;
  expect([processor.backlog, processor.take(1), processor.busy]).toEqual([0, 1, 9]);
});

test("links keep their order, and a lost message holds back what is behind it", () => {
  let now = 0;
  const links = new WideLinks({ delay: 60, loss: 0.2 }, new Random(3), () => now);
  const dues: number[] = [];
  for (; now < 500; now++) dues.push(now + links.delay(0, 1));
  expect(dues).toEqual(dues.toSorted((a, b) => a - b));
  expect(Math.max(...dues.map((due, sent) => due - sent))).toBeGreaterThan(320);
  expect(Math.min(...dues.map((due, sent) => due - sent))).toBeGreaterThanOrEqual(54);
});

test("in virtual time the same seed gives the same figures; distance and work both show in them", () => {
  const options = { members: 4, seed: 1, samples: 5, area: { delay: 60, loss: 0 }, costs: free };
  const far = new WideSimulation(options).run();
  expect(new WideSimulation(options).run()).toEqual(far);
  expect(far.finality).toHaveLength(5);
  // Proposal, acknowledgement, certificate, votes, DECIDE, FINAL at least: each waits for a quorum's messages.
  expect(far.finality[0]).toBeGreaterThan(5 * 54);
  expect(far.busy).toBe(0);
  const costs = { ...free, combine: 20, certificate: 5 };
  const slow = new WideSimulation({ ...options, costs }).run();
  expect(slow.finality[0]).toBeGreaterThan((far.finality[0] ?? 0) + 20);
  expect(slow.busy).toBeGreaterThan(0);
});
