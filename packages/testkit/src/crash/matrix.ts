import { Random } from "../agreement/random.ts";
import { Violation } from "../network/oracle.ts";
import type { Operation } from "./bad-disk.ts";
import { type CrashReport, CrashRun, type Point, type RunOptions, type Strike } from "./crash-run.ts";

/** One kind of fault at one point. */
export type Cell = World & { readonly kind: string; readonly strike: Strike };

/** What all runs of a matrix have in common. */
export type World = Omit<RunOptions, "strike">;

export type Matrix = {
  readonly operations: readonly Operation[];
  readonly sends: number;
  readonly cells: readonly Cell[];
};

type Kind = {
  readonly name: string;
  readonly at: Point["at"];
  readonly strike: (index: number) => Omit<Strike, "point">;
};

const before = { kind: "stop", when: "before" } as const;
const after = { kind: "stop", when: "after" } as const;
/** Operations of the next life at which the second crash comes: spread over its start and the time after. */
const second = (index: number): number => (index * 7) % 40;

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
    strike: (index) => ({ fault: after, loss: "kept", again: second(index) }),
  },
  {
    name: "stopped twice",
    at: "operation",
    strike: (index) => ({ fault: after, loss: "torn", again: second(index) }),
  },
  { name: "disk full", at: "operation", strike: () => ({ fault: { kind: "full" }, loss: "lost" }) },
  { name: "input/output error", at: "operation", strike: () => ({ fault: { kind: "broken" }, loss: "lost" }) },
  {
    name: "input/output error, then power lost",
    at: "operation",
    strike: (index) => ({ fault: { kind: "broken" }, loss: "lost", again: second(index) }),
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
    strike: (index) => ({ fault: after, loss: "kept", again: second(index) }),
  },
];

/** Counts the victim's disk operations and messages in a run without faults; a cell for each of them and each kind. */
export async function crashMatrix(world: World): Promise<Matrix> {
  const report = await new CrashRun(world).play();
  if (report.failure !== undefined) throw new Violation(`without any fault: ${report.failure}`);
  const { operations, sends } = report;
  const cells = KINDS.flatMap(({ name, at, strike }) =>
    Array.from(
      { length: at === "operation" ? operations.length : sends },
      (_, index): Cell => ({ ...world, kind: name, strike: { point: { at, index }, ...strike(index) } }),
    ),
  );
  return { operations, sends, cells };
}

export function runCell(cell: Cell): Promise<CrashReport> {
  return new CrashRun(cell).play();
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
