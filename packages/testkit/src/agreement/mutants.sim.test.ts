import { expect, test } from "vitest";
import { coreControls, coreMutants } from "./mutants.ts";
import { tryMutant } from "./try-mutant.ts";

/** Each costs a process that loads the core anew: the suite takes these, `main.ts --mutants` takes all, for longer. */
const slice = new Set([
  "EST relayed at f",
  "EST relayed at f+2",
  "AUX at q-1",
  "AUX and CONF outside bin",
  "CONF at q-1",
  "no CONF",
  "decides on both values",
  "DONE adopted at f",
  "0 at q certificates",
  "0 after q-1 ones",
  "two ACKs for one slot",
  "a divergence is not noticed",
]);
const controls = coreControls.slice(0, 1);
const effort = { schedules: 2, binary: 100, heights: 60 };

test("planted faults are seen, harmless changes are not", async () => {
  const wrong: string[] = [];
  const chosen = [...coreMutants.filter(({ name }) => slice.has(name)), ...controls];
  expect(chosen.length).toBe(slice.size + controls.length);
  const queue = chosen.values();
  const work = async () => {
    for (const mutant of queue) {
      const verdict = await tryMutant(mutant, effort, 1);
      const harmless = controls.includes(mutant);
      if ((verdict.kind === "survived") !== harmless) wrong.push(`${mutant.name}: ${JSON.stringify(verdict)}`);
    }
  };
  await Promise.all([work(), work()]);
  expect(wrong).toEqual([]);
});

test("a patch that does not apply fails", async () => {
  const [first] = coreMutants;
  await expect(tryMutant({ ...first!, find: "nowhere to be found" }, effort, 1)).rejects.toThrow(
    "MUTANT_DOES_NOT_APPLY",
  );
  await expect(tryMutant({ ...first!, file: "protocol/src/absent.ts" }, effort, 1)).rejects.toThrow(
    "MUTANT_NOT_LOADED",
  );
});
