import { simulateBinary } from "./binary-simulation.ts";
import { splitAfterCoin, zerosAfterLateEntry } from "./schedules.ts";
import { simulate } from "./simulation.ts";

/** How many runs of each kind a trial makes before it gives up. */
export type Effort = { readonly schedules: number; readonly binary: number; readonly heights: number };

export type Verdict =
  | { readonly kind: "survived"; readonly runs: number }
  | { readonly kind: "killed"; readonly runs: number; readonly by: string };

/** Runs the simulators and schedules until something is seen. */
export function trial(effort: Effort, seed: number): Verdict {
  let runs = 0;
  const attempt = (name: string, violations: () => readonly string[]): Verdict | undefined => {
    runs += 1;
    try {
      const seen = violations();
      return seen.length === 0 ? undefined : { kind: "killed", runs, by: `${name}: ${seen.join("; ")}` };
    } catch (error) {
      return { kind: "killed", runs, by: `${name}: threw ${error instanceof Error ? error.message : String(error)}` };
    }
  };
  for (const faulty of [1, 2]) {
    const run = () => (zerosAfterLateEntry(faulty) ? [] : ["no input to a seat"]);
    const verdict = attempt(`late entry, f=${faulty}`, run);
    if (verdict !== undefined) return verdict;
  }
  for (let i = 0; i < effort.schedules; i++) {
    for (const faulty of [1, 2]) {
      const verdict = attempt(`split after the coin, f=${faulty}, seed ${seed + i}`, () => {
        const result = splitAfterCoin(faulty, seed + i, 60);
        return result.kind === "decided" ? [] : [result.kind];
      });
      if (verdict !== undefined) return verdict;
    }
  }
  // In growing portions of both, so that what one kind sees at once does not wait for the other to give up.
  let from = 0;
  for (let upTo = 250; from < Math.max(effort.binary, effort.heights); from = upTo, upTo *= 4) {
    for (let i = from; i < Math.min(upTo, effort.binary); i++) {
      const members = [4, 5, 7, 4, 6, 9][i % 6] as number;
      const run = () => simulateBinary(members, seed + i).violations;
      const verdict = attempt(`one agreement, N=${members}, seed ${seed + i}`, run);
      if (verdict !== undefined) return verdict;
    }
    for (let i = from; i < Math.min(upTo, effort.heights); i++) {
      const members = [4, 4, 5, 4, 4, 4, 7, 4][i % 8] as number;
      const run = () => simulate(members, seed + i, { budget: 800 * members ** 3 }).violations;
      const verdict = attempt(`heights, N=${members}, seed ${seed + i}`, run);
      if (verdict !== undefined) return verdict;
    }
  }
  return { kind: "survived", runs };
}
