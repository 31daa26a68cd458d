import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MUTANTS, type Mutant } from "./mutants.ts";

const RUNS = 150;
const HEIGHTS = 8;

type Outcome = { readonly mutant: Mutant; readonly killed: boolean; readonly why: string; readonly seconds: number };

/** Runs each mutant until the simulator notices it. Exit code 0 when all were noticed. */
export async function runMutants(only: string | undefined): Promise<number> {
  const chosen = MUTANTS.filter(({ name }) => only === undefined || name.includes(only));
  let survivors = 0;
  for (const mutant of chosen) {
    const { killed, why, seconds } = await runMutant(mutant, RUNS);
    if (!killed) survivors += 1;
    console.log(`${killed ? "killed  " : "SURVIVED"} ${seconds.toFixed(1).padStart(6)} s  ${mutant.name}: ${why}`);
  }
  console.log(`${chosen.length - survivors} of ${chosen.length} mutants killed`);
  return survivors === 0 && chosen.length > 0 ? 0 : 1;
}

/** One mutant in a child process of its own. */
export function runMutant(mutant: Mutant, runs: number): Promise<Outcome> {
  const began = Date.now();
  const hook = new URL("./mutant-hook.ts", import.meta.url).href;
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const args = ["--import", hook, main, "--runs", String(runs), "--members", "4", "--heights", String(HEIGHTS)];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, TRIBUTARY_MUTANT: mutant.name },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (errors.length < 20_000) errors += chunk.toString();
  });
  return new Promise((resolve) => {
    child.on("close", (code) => {
      const failure = /^FAILED: (.*)$/m.exec(errors)?.[1];
      const why = failure ?? (code === 0 ? `not noticed in ${runs} runs` : errors.trim().slice(0, 300));
      resolve({ mutant, killed: code === 1 && failure !== undefined, why, seconds: (Date.now() - began) / 1000 });
    });
  });
}
