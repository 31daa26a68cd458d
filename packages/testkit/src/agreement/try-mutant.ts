import { Worker } from "node:worker_threads";
import type { Mutant } from "../mutation/mutant.ts";
import type { Effort, Verdict } from "./trial.ts";

/** Loads the core with the fault planted in a thread of its own and tries it. Rejects where the patch does not apply. */
export function tryMutant(mutant: Mutant, effort: Effort, seed: number): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./mutant-worker.ts", import.meta.url), { workerData: { mutant, effort, seed } });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => {
      if (code !== 0) reject(new Error(`the trial of "${mutant.name}" ended with ${code}`));
    });
  });
}
