import { hostileCases } from "./cases.ts";
import { HostileRunner } from "./run-hostile.ts";

/** What the process of one case answers. */
export type CaseReport = {
  readonly name: string;
  readonly ends: string;
  readonly gasUsed: number;
  /** Of the first run in the process, while the engine still compiles. */
  readonly firstMilliseconds: number;
  /** The least of the runs after that. */
  readonly milliseconds: number;
  /** Most that the process ever had in memory, bytes. */
  readonly peakBytes: number;
  /** Of that, what was there before the case ran. */
  readonly idleBytes: number;
  /** Size of the WebAssembly memory, which is address space. */
  readonly memoryBytes: number;
};

/** Runs take at least so long together, so that short ones are no accident. */
const MEASURED_MS = 300;
const MOST_RUNS = 5;

/** Resident bytes of this process at their most; the system counts in kilobytes. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

const [name = "", gas = ""] = process.argv.slice(2);
const hostile = hostileCases.find((one) => one.name === name);
if (hostile === undefined) throw new RangeError(`no case ${name}`);
const runner = await HostileRunner.create();
const idleBytes = process.memoryUsage().rss;
const first = runner.run(hostile, Number(gas));
let least = Number.POSITIVE_INFINITY;
let spent = 0;
for (let run = 0; run < MOST_RUNS && (run === 0 || spent < MEASURED_MS); run++) {
  const { milliseconds } = runner.run(hostile, Number(gas));
  least = Math.min(least, milliseconds);
  spent += milliseconds;
}
if (first.ends !== hostile.ends) throw new Error(`${name}: ${first.ends}, not ${hostile.ends}`);
const report: CaseReport = {
  name,
  ends: first.ends,
  gasUsed: first.gasUsed,
  firstMilliseconds: first.milliseconds,
  milliseconds: least,
  peakBytes: peakBytes(),
  idleBytes,
  memoryBytes: first.memoryBytes,
};
process.send?.(report);
