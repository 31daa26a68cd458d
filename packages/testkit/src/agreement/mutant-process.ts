// Started by `tryMutant` in a process of its own, so that the planted source is loaded there and nowhere else.

import type { Mutant } from "../mutation/mutant.ts";
import { MutantError, plant } from "../mutation/plant.ts";
import type { Effort, Verdict } from "./trial.ts";

export type Task = { readonly mutant: Mutant; readonly effort: Effort; readonly seed: number };
export type Answer = Verdict | { readonly kind: "unplanted"; readonly code: string };

async function carryOut({ mutant, effort, seed }: Task): Promise<Answer> {
  try {
    const assertPlanted = plant(mutant);
    const { trial } = await import("./trial.ts");
    assertPlanted();
    return trial(effort, seed);
  } catch (error) {
    if (error instanceof MutantError) return { kind: "unplanted", code: error.code };
    throw error;
  }
}

process.once("message", (task: Task) => {
  void carryOut(task).then((answer) => process.send?.(answer, () => process.disconnect()));
});
