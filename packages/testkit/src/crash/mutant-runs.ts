import { fileURLToPath } from "node:url";
import { type Outcome, runPatched } from "../network/mutant-runs.ts";
import type { Mutant } from "../network/mutants.ts";

/**
 * Matrices in which a planted fault is looked for, one after the other: votes for both values, then segments that change.
 * The former under two seeds: what others voted changes what a member says in some courses only.
 */
const MATRICES: readonly (readonly string[])[] = [
  ["--subject", "heights", "--network", "starve", "--heights", "2", "--seed", "7"],
  ["--subject", "heights", "--network", "starve", "--heights", "2", "--seed", "8"],
  ["--subject", "heights", "--network", "uniform", "--heights", "6"],
];

/** A fault of a file below one of these folders shows with the subject beside it only. */
const ELSEWHERE: readonly (readonly [string, string])[] = [
  ["/vault/", "keygen"],
  ["/snapshot/snapshot-", "serving"],
  ["/snapshot/", "snapshot"],
];

/** Strikes the patched member until the matrix notices. */
export async function runCrashMutant(mutant: Mutant): Promise<Outcome> {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const tried: Outcome[] = [];
  const kind = mutant.kind === undefined ? [] : ["--kind", mutant.kind];
  const elsewhere = ELSEWHERE.find(([path]) => mutant.patches.some(({ file }) => file.includes(path)));
  for (const matrix of elsewhere === undefined ? MATRICES : [["--subject", elsewhere[1]]]) {
    const outcome = await runPatched(mutant, main, ["--first", ...kind, ...matrix]);
    tried.push(outcome);
    if (outcome.killed) break;
  }
  const seconds = tried.reduce((sum, outcome) => sum + outcome.seconds, 0);
  return { ...(tried.at(-1) as Outcome), seconds };
}
