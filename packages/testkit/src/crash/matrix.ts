import { Random } from "../agreement/random.ts";
import { Violation } from "../network/oracle.ts";
import type { Operation } from "./bad-disk.ts";
import { type CrashReport, CrashRun, type Point, type RunOptions, type Strike } from "./crash-run.ts";
import { healthyVaults, KeygenRun } from "./keygen-run.ts";
import { PoolRun } from "./pool-run.ts";
import { ServingRun } from "./serving-run.ts";
import { SnapshotWorld } from "./snapshot-world.ts";
import { TakeoverRun } from "./takeover-run.ts";

/** What is struck: a run that can be had without any fault and with one. */
export type Subject = {
  readonly run: (strike: Strike | undefined) => Promise<CrashReport>;
  /** Operations of its next life over which second crashes are spread. */
  readonly spread: number;
};

/** One kind of fault at one point. */
export type Cell = { readonly kind: string; readonly strike: Strike };

export type Matrix = {
  readonly operations: readonly Operation[];
  readonly sends: number;
  readonly cells: readonly Cell[];
};

/** Four members that make so many heights. */
export function heights(world: Omit<RunOptions, "strike">): Subject {
  return {
    run: (strike) => new CrashRun(strike === undefined ? world : { ...world, strike }).play(),
    spread: 40,
  };
}

/** Four members whose committee gets new shares in the middle: the border between the epochs is crossed under work. */
export function handover(seed: number): Subject {
  const world = { seed, heights: 7, network: "uniform", handover: true } as const;
  return {
    run: (strike) => new CrashRun(strike === undefined ? world : { ...world, strike }).play(),
    spread: 40,
  };
}

/** One pool's log and its clients. */
export function pool(seed: number): Subject {
  return { run: (strike) => new PoolRun(seed, strike).play(), spread: 16 };
}

/** Four nodes that generate a key. */
export async function keygen(seed: number): Promise<Subject> {
  const vaults = await healthyVaults();
  return {
    run: (strike) => new KeygenRun(strike === undefined ? { seed } : { seed, strike }, vaults).play(),
    spread: 12,
  };
}

/** A member that takes three snapshots over, the last of them in place of a state that is not the chain's. */
export async function snapshot(seed: number): Promise<Subject> {
  const world = await SnapshotWorld.create(4);
  return { run: (strike) => new TakeoverRun(world, seed, strike).play(), spread: 60 };
}

/** A member that makes a snapshot of one block after the other, for others to take. */
export async function serving(seed: number): Promise<Subject> {
  const world = await SnapshotWorld.create(4);
  return { run: (strike) => new ServingRun(world, seed, strike).play(), spread: 60 };
}

type Kind = {
  readonly name: string;
  readonly at: Point["at"];
  readonly strike: (second: number) => Omit<Strike, "point">;
};

const before = { kind: "stop", when: "before" } as const;
const after = { kind: "stop", when: "after" } as const;

/** Everything that may happen at a disk operation, and right after a message. */
const KINDS: readonly Kind[] = [
  { name: "stopped before, unsynced lost", at: "operation", strike: () => ({ fault: before, loss: "lost" }) },
  { name: "stopped after, unsynced lost", at: "operation", strike: () => ({ fault: after, loss: "lost" }) },
  { name: "stopped after, unsynced torn", at: "operation", strike: () => ({ fault: after, loss: "torn" }) },
  { name: "stopped after, unsynced reordered", at: "operation", strike: () => ({ fault: after, loss: "reordered" }) },
  { name: "process killed", at: "operation", strike: () => ({ fault: after, loss: "kept" }) },
  {
    name: "process killed, then power lost",
    at: "operation",
    strike: (again) => ({ fault: after, loss: "kept", again }),
  },
  {
    name: "stopped twice",
    at: "operation",
    strike: (again) => ({ fault: after, loss: "torn", again }),
  },
  { name: "disk full", at: "operation", strike: () => ({ fault: { kind: "full" }, loss: "lost" }) },
  { name: "input/output error", at: "operation", strike: () => ({ fault: { kind: "broken" }, loss: "lost" }) },
  {
    name: "input/output error, then power lost",
    at: "operation",
    strike: (again) => ({ fault: { kind: "broken" }, loss: "lost", again }),
  },
  { name: "written and read in parts", at: "operation", strike: () => ({ fault: { kind: "short" }, loss: "torn" }) },
  { name: "stopped after sending, unsynced lost", at: "send", strike: () => ({ fault: after, loss: "lost" }) },
  { name: "stopped after sending, unsynced torn", at: "send", strike: () => ({ fault: after, loss: "torn" }) },
  {
    name: "stopped after sending, unsynced reordered",
    at: "send",
    strike: () => ({ fault: after, loss: "reordered" }),
  },
  { name: "process killed after sending", at: "send", strike: () => ({ fault: after, loss: "kept" }) },
  {
    name: "process killed after sending, then power lost",
    at: "send",
    strike: (again) => ({ fault: after, loss: "kept", again }),
  },
];

/** Counts the victim's disk operations and messages in a run without faults; a cell for each of them and each kind. */
export async function crashMatrix({ run, spread }: Subject): Promise<Matrix> {
  const { failure, operations, sends } = await run(undefined);
  if (failure !== undefined) throw new Violation(`without any fault: ${failure}`);
  const cells = KINDS.flatMap(({ name, at, strike }) =>
    Array.from(
      { length: at === "operation" ? operations.length : sends },
      (_, index): Cell => ({ kind: name, strike: { point: { at, index }, ...strike((index * 7) % spread) } }),
    ),
  );
  return { operations, sends, cells };
}

/** The same cells in an order that mixes points and kinds: a fault shows early. */
export function shuffled(cells: readonly Cell[], seed: number): readonly Cell[] {
  const random = new Random(seed);
  const mixed = [...cells];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [mixed[at], mixed[other]] = [mixed[other] as Cell, mixed[at] as Cell];
  }
  return mixed;
}

/** At most `most` of the cells: of each kind equally many, spread evenly over its points. */
export function stratified(cells: readonly Cell[], most: number): readonly Cell[] {
  const kinds = new Map<string, Cell[]>();
  for (const cell of cells) kinds.set(cell.kind, [...(kinds.get(cell.kind) ?? []), cell]);
  const each = Math.max(1, Math.floor(most / kinds.size));
  return [...kinds.values()].flatMap((all, row) => {
    const step = Math.max(1, all.length / each);
    // Another offset for each kind, so that together they see more points.
    const offset = (row / kinds.size) * step;
    return Array.from({ length: Math.min(each, all.length) }, (_, i) => all[Math.floor(i * step + offset)] as Cell);
  });
}
