import { fileURLToPath } from "node:url";
import { type Outcome, runPatched } from "../network/mutant-runs.ts";
import type { Mutant } from "../network/mutants.ts";

/** Matrices in which a planted fault is looked for, one after the other: votes for both values, then segments that change. */
const MATRICES: readonly (readonly string[])[] = [
  ["--network", "starve", "--heights", "2"],
  ["--network", "uniform", "--heights", "6"],
];

/** Strikes the patched member until the matrix notices. */
export async function runCrashMutant(mutant: Mutant): Promise<Outcome> {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const tried: Outcome[] = [];
  for (const matrix of MATRICES) {
    const outcome = await runPatched(mutant, main, ["--first", ...matrix]);
    tried.push(outcome);
    if (outcome.killed) break;
  }
  const seconds = tried.reduce((sum, outcome) => sum + outcome.seconds, 0);
  return { ...(tried.at(-1) as Outcome), seconds };
}
