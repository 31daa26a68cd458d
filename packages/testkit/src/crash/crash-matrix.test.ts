import { expect, test } from "vitest";
import { crashMatrix, runCell, stratified } from "./matrix.ts";
import { runCrashMutant } from "./mutant-runs.ts";
import { CRASH_MUTANTS } from "./mutants.ts";

test("struck at a write or a message, a member contradicts nobody and ends with the others' chain", async () => {
  const { operations, sends, cells } = await crashMatrix({ seed: 1, heights: 6, network: "uniform" });
  expect(new Set(operations.map(({ kind }) => kind))).toEqual(
    new Set(["create", "write", "sync", "sync-folder", "remove"]),
  );
  expect(new Set(operations.map(({ folder }) => folder))).toEqual(new Set(["containers", "journal", "log", "state"]));
  expect(sends).toBeGreaterThan(50);
  for (const cell of stratified(cells, 51)) {
    const { kind, strike } = cell;
    const { failure } = await runCell(cell);
    expect(failure, `${kind} at ${strike.point.at} ${strike.point.index}`).toBeUndefined();
  }
});

for (const name of ["reply before flush", "vote forgotten", "rename without sync of the folder"]) {
  test(`notices: ${name}`, async () => {
    const mutant = CRASH_MUTANTS.find((candidate) => candidate.name === name);
    if (mutant === undefined) throw new Error(`no such mutant: ${name}`);
    const { killed, why } = await runCrashMutant(mutant);
    expect(killed, why).toBe(true);
  });
}
