import { expect, test } from "vitest";
import { hostileCases } from "./cases.ts";
import { HostileRunner } from "./run-hostile.ts";

/** Enough for a few rounds of every case but the dearest. */
const GAS = 400_000;
/** Of linear memory with nothing in it, and what these cases may add to that. */
const EMPTY_BYTES = 0x4240_0000;
const ADDED_BYTES = 0x20_0000;

const runner = await HostileRunner.create();

test("cases have names of their own", () => {
  expect(new Set(hostileCases.map(({ name }) => name)).size).toBe(hostileCases.length);
});

// One EVM for all, so that a case that left something behind would spoil the next.
test.each(hostileCases.map((hostile) => [hostile.name, hostile] as const))("%s", (_, hostile) => {
  const { ends, gasUsed, memoryBytes } = runner.run(hostile, GAS);
  expect(ends).toBe(hostile.ends);
  if (ends === "out of gas") expect(gasUsed).toBe(GAS);
  else expect(gasUsed).toBeLessThanOrEqual(GAS);
  expect(memoryBytes).toBeLessThanOrEqual(EMPTY_BYTES + ADDED_BYTES);
  // The same again: nothing of the first run is left.
  expect(runner.run(hostile, GAS)).toMatchObject({ ends, gasUsed });
});
