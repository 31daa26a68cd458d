import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Mutant } from "../mutation/mutant.ts";
import type { Answer, Task } from "./mutant-process.ts";
import type { Effort, Verdict } from "./trial.ts";

/** Loads the core with the fault planted in a process of its own and tries it. Rejects where the patch does not apply. */
export function tryMutant(mutant: Mutant, effort: Effort, seed: number): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./mutant-process.ts", import.meta.url)), [], { execArgv: [] });
    child.once("message", (answer: Answer) => {
      if (answer.kind === "unplanted") reject(new Error(`${answer.code}: ${mutant.name} (${mutant.file})`));
      else resolve(answer);
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`the trial of "${mutant.name}" ended: ${code ?? signal}`)));
    const task: Task = { mutant, effort, seed };
    child.send(task);
  });
}
