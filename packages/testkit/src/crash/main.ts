import { count, parse } from "../arguments.ts";
import { killAll } from "../network/mutant-runs.ts";
import { NETWORKS } from "../network/network-scheduler.ts";
import type { Operation } from "./bad-disk.ts";
import {
  type Cell,
  crashMatrix,
  handover,
  heights,
  keygen,
  type Matrix,
  pool,
  type Subject,
  serving,
  shuffled,
  snapshot,
  stratified,
} from "./matrix.ts";
import { runCrashMutant } from "./mutant-runs.ts";
import { CRASH_MUTANTS } from "./mutants.ts";

const usage = `npm run crash-matrix -- [options]: one member on a bad disk, struck at every write and every message

  --subject NAME  heights, handover, pool, keygen, snapshot (one that is taken over)
                  or serving (one that is made); all when not given
  --heights N     heights under test (default 2; with 6 the log also drops an old segment)
  --network NAME  how messages are delayed: uniform (default), or as in the simulator
  --seed N        seed of everything (default 1)
  --most N        so many runs at most, spread evenly
  --kind TEXT     kinds of faults whose name holds the text
  --first         stop at the first failure
  --json          figures as JSON
  --mutants       plant each fault in turn instead; every one must be noticed
  --only TEXT     with --mutants: those whose name holds the text`;

const MOST_SHOWN = 20;

const { values } = parse(usage, {
  options: {
    subject: { type: "string" },
    heights: { type: "string", default: "2" },
    network: { type: "string", default: "uniform" },
    seed: { type: "string", default: "1" },
    most: { type: "string" },
    kind: { type: "string", default: "" },
    first: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

const seed = count(values.seed, "seed");
const network = NETWORKS.find((name) => name === values.network);
if (network === undefined) throw new Error(`--network is one of ${NETWORKS.join(", ")}`);
const world = { seed, heights: count(values.heights, "heights"), network };

const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  heights: async () => heights(world),
  handover: async () => handover(seed),
  pool: async () => pool(seed),
  keygen: () => keygen(seed),
  snapshot: () => snapshot(seed),
  serving: () => serving(seed),
};

if (values.mutants) process.exitCode = await killAll(CRASH_MUTANTS, values.only, runCrashMutant);
else {
  for (const [what, make] of Object.entries(subjects)) {
    if ((values.subject ?? what) !== what) continue;
    if (!(await runMatrix(what, await make()))) process.exitCode = 1;
    if (values.first && process.exitCode === 1) break;
  }
}

async function runMatrix(subject: string, made: Subject): Promise<boolean> {
  const began = performance.now();
  let matrix: Matrix;
  try {
    matrix = await crashMatrix(made);
  } catch (error) {
    console.error(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
  const { operations, sends, cells } = matrix;
  const wanted = cells.filter(({ kind }) => kind.includes(values.kind));
  const some = values.most === undefined ? wanted : stratified(wanted, count(values.most, "most"));
  const chosen = values.first ? shuffled(some, seed) : some;
  const totals = { runs: 0, crashes: 0, failures: 0 };
  for (const cell of chosen) {
    const { failure, crashes } = await made.run(cell.strike);
    totals.runs += 1;
    totals.crashes += crashes;
    if (failure === undefined) continue;
    totals.failures += 1;
    if (totals.failures <= MOST_SHOWN) console.error(`FAILED: ${name(cell, operations)}: ${failure}`);
    if (values.first) break;
  }
  const points = operations.length + sends;
  const seconds = Math.round(performance.now() - began) / 1_000;
  const counts = { points, operations: operations.length, sends, cells: cells.length, ...totals, seconds };
  const setting = subject === "heights" ? world : { seed };
  console.log(values.json ? JSON.stringify({ subject, ...setting, ...counts }) : table(subject, counts));
  return totals.failures === 0;
}

function name({ kind, strike: { point } }: Cell, operations: readonly Operation[]): string {
  const operation = point.at === "operation" ? operations[point.index] : undefined;
  const what = operation === undefined ? "" : ` (${operation.kind} ${operation.folder}/${operation.name})`;
  return `${kind}, ${point.at} ${point.index}${what}`;
}

function table(subject: string, counts: Readonly<Record<string, number>>): string {
  return `${subject}: ${Object.entries(counts)
    .map(([what, figure]) => `${figure} ${what}`)
    .join(", ")}`;
}
