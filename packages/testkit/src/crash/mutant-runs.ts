import { fileURLToPath } from "node:url";
import { type Outcome, runPatched } from "../network/mutant-runs.ts";
import type { Mutant } from "../network/mutants.ts";

/**
 * Matrices in which a planted fault is looked for, one after the other: votes for both values, then segments that change. A
 * fault of the vault shows in a key generation only.
 */
const MATRICES: readonly (readonly string[])[] = [
  ["--subject", "heights", "--network", "starve", "--heights", "2"],
  ["--subject", "heights", "--network", "uniform", "--heights", "6"],
];

const KEYGEN: readonly string[] = ["--subject", "keygen"];

/** Strikes the patched member until the matrix notices. */
export async function runCrashMutant(mutant: Mutant): Promise<Outcome> {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const tried: Outcome[] = [];
  const vault = mutant.patches.some(({ file }) => file.includes("/vault/"));
  for (const matrix of vault ? [KEYGEN] : MATRICES) {
    const outcome = await runPatched(mutant, main, ["--first", ...matrix]);
    tried.push(outcome);
    if (outcome.killed) break;
  }
  const seconds = tried.reduce((sum, outcome) => sum + outcome.seconds, 0);
  return { ...(tried.at(-1) as Outcome), seconds };
}
