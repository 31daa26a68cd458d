import { parentPort, workerData } from "node:worker_threads";
import type { Mutant } from "../mutation/mutant.ts";
import { plant } from "../mutation/plant.ts";
import type { Effort } from "./trial.ts";

const { mutant, effort, seed } = workerData as { mutant: Mutant; effort: Effort; seed: number };
const assertPlanted = plant(mutant);
const { trial } = await import("./trial.ts");
assertPlanted();
parentPort?.postMessage(trial(effort, seed));
