import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MUTANTS, type Mutant } from "./mutants.ts";

const RUNS = 150;
const HEIGHTS = 8;

/** What became of one mutant. */
export type Outcome = {
  readonly mutant: Mutant;
  readonly killed: boolean;
  readonly why: string;
  readonly seconds: number;
};

/** Runs each mutant until the simulator notices it. Exit code 0 when all were noticed. */
export function runMutants(only: string | undefined): Promise<number> {
  return killAll(MUTANTS, only, (mutant) => runMutant(mutant, RUNS));
}

/** Reports for each of the mutants whether it was killed. Exit code 0 when all were. */
export async function killAll(
  mutants: readonly Mutant[],
  only: string | undefined,
  run: (mutant: Mutant) => Promise<Outcome>,
): Promise<number> {
  const chosen = mutants.filter(({ name }) => only === undefined || name.includes(only));
  let survivors = 0;
  for (const mutant of chosen) {
    const { killed, why, seconds } = await run(mutant);
    if (!killed) survivors += 1;
    console.log(`${killed ? "killed  " : "SURVIVED"} ${seconds.toFixed(1).padStart(6)} s  ${mutant.name}: ${why}`);
  }
  console.log(`${chosen.length - survivors} of ${chosen.length} mutants killed`);
  return survivors === 0 && chosen.length > 0 ? 0 : 1;
}

/** One mutant of the driver in the simulator. */
export function runMutant(mutant: Mutant, runs: number): Promise<Outcome> {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  // A Recovery's run is long by itself.
  const heights = mutant.recoveries !== undefined ? 2 : HEIGHTS;
  const options = ["--runs", String(runs), "--members", "4", "--heights", String(heights)];
  if (mutant.amnesia === true) options.push("--amnesia");
  if (mutant.epochs === true) options.push("--epochs", "2", "--observers", "1");
  if (mutant.sizes === true) options.push("--epochs", "2", "--sizes", "7,4", "--observers", "1");
  if (mutant.recoveries !== undefined) options.push("--recoveries", String(mutant.recoveries));
  return runPatched(mutant, main, options);
}

/** One mutant in a child process of its own: it is killed when that says FAILED and exits with 1. */
export function runPatched(mutant: Mutant, main: string, options: readonly string[]): Promise<Outcome> {
  const began = Date.now();
  const hook = new URL("./mutant-hook.ts", import.meta.url).href;
  const child = spawn(process.execPath, ["--import", hook, main, ...options], {
    env: { ...process.env, TRIBUTARY_MUTANT: JSON.stringify(mutant) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (errors.length < 20_000) errors += chunk.toString();
  });
  return new Promise((resolve) => {
    child.on("close", (code) => {
      const failure = /^FAILED: (.*)$/m.exec(errors)?.[1];
      const why = failure ?? (code === 0 ? `not noticed: ${options.join(" ")}` : errors.trim().slice(0, 300));
      resolve({ mutant, killed: code === 1 && failure !== undefined, why, seconds: (Date.now() - began) / 1000 });
    });
  });
}
