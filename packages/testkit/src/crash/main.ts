import { count, parse } from "../arguments.ts";
import { type Cell, crashMatrix, runCell, stratified } from "./matrix.ts";

const usage = `npm run crash-matrix -- [options]: one member on a bad disk, struck at every write and every message

  --heights N     heights under test (default 2; with 6 the log also drops an old segment)
  --seed N        seed of everything (default 1)
  --most N        so many runs at most, spread evenly
  --only TEXT     kinds of faults whose name holds the text
  --json          figures as JSON`;

const { values } = parse(usage, {
  options: {
    heights: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
    most: { type: "string" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const seed = count(values.seed, "seed");
const heights = count(values.heights, "heights");
const began = performance.now();
const { operations, sends, cells } = await crashMatrix(seed, heights);
const wanted = cells.filter(({ kind }) => kind.includes(values.only ?? ""));
const chosen = values.most === undefined ? wanted : stratified(wanted, count(values.most, "most"));
const failures: { readonly cell: Cell; readonly failure: string }[] = [];
let crashes = 0;
let steps = 0;
for (const cell of chosen) {
  const report = await runCell(cell);
  crashes += report.crashes;
  steps += report.steps;
  if (report.failure === undefined) continue;
  failures.push({ cell, failure: report.failure });
  const { point } = cell.strike;
  const where = point.at === "operation" ? JSON.stringify(operations[point.index]) : "";
  if (failures.length <= 20)
    console.error(`FAILED: ${cell.kind} at ${point.at} ${point.index} ${where}: ${report.failure}`);
}
const figures = {
  seed,
  heights,
  operations: operations.length,
  sends,
  points: operations.length + sends,
  cells: cells.length,
  runs: chosen.length,
  crashes,
  steps,
  failures: failures.length,
  seconds: Math.round(performance.now() - began) / 1_000,
};
if (values.json) console.log(JSON.stringify(figures));
else {
  console.log(`${figures.points} points: ${figures.operations} disk operations, ${sends} messages`);
  console.log(
    `${figures.runs} runs of ${cells.length}, ${crashes} crashes, ${failures.length} failures, ${figures.seconds} s`,
  );
}
process.exitCode = failures.length === 0 ? 0 : 1;
