import { expect, test } from "vitest";
import {
  type Cell,
  crashMatrix,
  heights,
  keygen,
  pool,
  type Subject,
  serving,
  shuffled,
  snapshot,
  stratified,
} from "./matrix.ts";
import { runCrashMutant } from "./mutant-runs.ts";
import { CRASH_MUTANTS } from "./mutants.ts";

async function green(subject: Subject, cells: readonly Cell[]): Promise<void> {
  for (const { kind, strike } of cells) {
    const { failure } = await subject.run(strike);
    expect(failure, `${kind} at ${strike.point.at} ${strike.point.index}`).toBeUndefined();
  }
}

test("struck at a write or a message, a member contradicts nobody and ends with the others' chain", async () => {
  const subject = heights({ seed: 1, heights: 6, network: "uniform" });
  const { operations, sends, cells } = await crashMatrix(subject);
  expect(new Set(operations.map(({ kind }) => kind))).toEqual(
    new Set(["create", "write", "sync", "sync-folder", "remove"]),
  );
  expect(new Set(operations.map(({ folder }) => folder))).toEqual(new Set(["containers", "journal", "log", "state"]));
  expect(sends).toBeGreaterThan(50);
  await green(subject, stratified(cells, 34));
});

test("struck at a write or an answer, a pool's log keeps what was acknowledged", async () => {
  const subject = pool(1);
  const { operations, sends, cells } = await crashMatrix(subject);
  // At the start, and when most of the log is dead.
  expect(operations.filter(({ kind }) => kind === "rename").length).toBeGreaterThan(1);
  expect(sends).toBe(7);
  await green(subject, stratified(cells, 16));
});

test("struck in a key generation, a node says the same again and keeps its share", async () => {
  const subject = await keygen(1);
  const { operations, sends, cells } = await crashMatrix(subject);
  // Four times the keystore is replaced; what goes out: the identity, encryption key and dealing twice each, and READY.
  expect(operations.filter(({ kind }) => kind === "rename")).toHaveLength(4);
  expect(sends).toBe(6);
  const renamed = operations.findLastIndex(({ kind }) => kind === "rename");
  const named = cells.filter(({ strike: { point, again } }) => point.index === renamed && again !== undefined);
  await green(subject, [...named.slice(0, 1), ...shuffled(cells, 1).slice(0, 2)]);
});

test("struck while it takes snapshots over, a member keeps one whole state and what it fetched", async () => {
  const subject = await snapshot(1);
  const { operations, sends, cells } = await crashMatrix(subject);
  expect(new Set(operations.map(({ kind }) => kind))).toEqual(
    new Set(["create", "write", "sync", "sync-folder", "rename", "remove"]),
  );
  const folders = ["chain", "chain/state", "chain/state.part", "chain/stage", "chain/state.old", "aside"];
  expect(new Set(operations.map(({ folder }) => folder))).toEqual(new Set(folders));
  expect(sends).toBeGreaterThan(90);
  await green(subject, stratified(cells, 16));
});

test("struck while it makes snapshots, a member serves whole ones of its own, or none", async () => {
  const subject = await serving(1);
  const { operations, sends, cells } = await crashMatrix(subject);
  expect(new Set(operations.map(({ folder }) => folder))).toEqual(new Set(["snapshots", "snapshots/a", "snapshots/b"]));
  expect(sends).toBe(3);
  await green(subject, stratified(cells, 16));
});

for (const name of ["reply before flush", "vote forgotten", "rename without sync of the folder"]) {
  test(`notices: ${name}`, async () => {
    const mutant = CRASH_MUTANTS.find((candidate) => candidate.name === name);
    if (mutant === undefined) throw new Error(`no such mutant: ${name}`);
    const { killed, why } = await runCrashMutant(mutant);
    expect(killed, why).toBe(true);
  });
}
