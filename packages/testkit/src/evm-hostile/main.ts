import { fork } from "node:child_process";
import { join } from "node:path";
import { count, parse } from "../arguments.ts";
import type { CaseReport } from "./case-process.ts";
import { hostileCases } from "./cases.ts";

const usage = `npm run hostile:evm -- [options]: code that wants the most work for the least gas, each case in a process of its own

  --gas N      gas of each case's one transaction (default 30000000)
  --only TEXT  only cases whose name contains TEXT
  --json       the figures alone on standard output

Times are processor time of the thread that executes, so that other processes disturb little: ns a gas of the
transaction's whole execution, its changes collected; "first" is the first run of a process. Bytes are resident, the WebAssembly's own memory among them. K is the worst case's.
Ends with 1 where a process ended without an answer or a case ended otherwise than it must.`;

const { values } = parse(usage, {
  options: {
    gas: { type: "string", default: "30000000" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  },
});

/** A case that takes longer than this hangs. */
const LIMIT_MS = 300_000;
const MEGABYTE = 1_048_576;
const gas = count(values.gas, "gas");

/** Undefined where the process died. */
function measure(name: string): Promise<CaseReport | undefined> {
  return new Promise((resolve) => {
    let report: CaseReport | undefined;
    const child = fork(join(import.meta.dirname, "case-process.ts"), [name, String(gas)], { timeout: LIMIT_MS });
    child.once("message", (message) => {
      report = message as CaseReport;
    });
    child.once("exit", (code) => resolve(code === 0 ? report : undefined));
  });
}

const failed: string[] = [];
const cases: object[] = [];
let worst = { nsPerGas: 0, name: "" };
let peak = 0;
for (const { name } of hostileCases) {
  if (!name.includes(values.only)) continue;
  const report = await measure(name);
  if (report === undefined) {
    failed.push(name);
    console.error(`FAILED ${name}`);
    continue;
  }
  const nsPerGas = Number(((report.milliseconds * 1e6) / report.gasUsed).toFixed(3));
  const firstNsPerGas = Number(((report.firstMilliseconds * 1e6) / report.gasUsed).toFixed(3));
  const peakMB = Math.round(report.peakBytes / MEGABYTE);
  const ownMB = Math.round((report.peakBytes - report.idleBytes) / MEGABYTE);
  const wasmMB = Math.round(report.memoryBytes / MEGABYTE);
  cases.push({ name, ends: report.ends, gasUsed: report.gasUsed, nsPerGas, firstNsPerGas, peakMB, ownMB, wasmMB });
  if (nsPerGas > worst.nsPerGas) worst = { nsPerGas, name };
  peak = Math.max(peak, peakMB);
  if (!values.json)
    console.error(`${nsPerGas.toFixed(2).padStart(9)} ns/gas ${String(peakMB).padStart(5)} MB  ${name}`);
}
const order = (one: object): number => (one as { nsPerGas: number }).nsPerGas;
const summary = { gas, K: worst.nsPerGas, worst: worst.name, peakMB: peak, failed };
cases.sort((a, b) => order(b) - order(a));
console.log(
  values.json
    ? JSON.stringify({ ...summary, cases })
    : JSON.stringify({ ...summary, cases: cases.slice(0, 12) }, undefined, 1),
);
process.exitCode = failed.length > 0 ? 1 : 0;
