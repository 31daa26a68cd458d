import { expect, test } from "vitest";
import { crashMatrix, runCell, stratified } from "./matrix.ts";

test("struck at a write or a message, a member contradicts nobody and ends with the others' chain", async () => {
  const { operations, sends, cells } = await crashMatrix(1, 6);
  expect(new Set(operations.map(({ kind }) => kind))).toEqual(
    new Set(["create", "write", "sync", "sync-folder", "remove"]),
  );
  expect(new Set(operations.map(({ folder }) => folder))).toEqual(new Set(["containers", "journal", "log", "state"]));
  expect(sends).toBeGreaterThan(50);
  for (const { kind, seed, heights, strike } of stratified(cells, 51)) {
    const { failure } = await runCell({ kind, seed, heights, strike });
    expect(failure, `${kind} at ${strike.point.at} ${strike.point.index}`).toBeUndefined();
  }
});
