// Seeded runs of the agreement core, and the trial of its mutants:
//   node packages/testkit/src/agreement/main.ts --runs 10000 --members 4,7,16 --seed 1
//   node packages/testkit/src/agreement/main.ts --mutants

import { counts, parse, count as wholeNumber } from "../arguments.ts";
import { Ledger } from "./byzantine.ts";
import { coreControls, coreMutants } from "./mutants.ts";
import { simulate } from "./simulation.ts";
import { tryMutant } from "./try-mutant.ts";

const script = "node packages/testkit/src/agreement/main.ts";

/** Small committees run more often: a run's cost grows faster than the square of its members. */
function plan(members: readonly number[], runs: number): readonly number[] {
  const largest = Math.max(...members);
  const turn = members.flatMap((count) => Array<number>(Math.ceil(largest / count) ** 2).fill(count));
  return Array.from({ length: runs }, (_, index) => turn[index % turn.length] as number);
}

function runMany(members: readonly number[], runs: number, seed: number, heights: number): boolean {
  const ledger = new Ledger();
  const totals = new Map<number, { runs: number; steps: number; coin: number; crashes: number; lastRound: number }>();
  let failures = 0;
  for (const [index, count] of plan(members, runs).entries()) {
    const run = simulate(count, seed + index, { heights });
    ledger.add(run.ledger);
    const total = totals.get(count) ?? { runs: 0, steps: 0, coin: 0, crashes: 0, lastRound: 0 };
    totals.set(count, total);
    total.runs += 1;
    total.steps += run.steps;
    total.crashes += run.crashes;
    total.coin += run.reachedCoin ? 1 : 0;
    total.lastRound = Math.max(total.lastRound, run.lastRound);
    if (run.violations.length === 0) continue;
    failures += 1;
    console.log(
      `FAILED N=${count} seed ${seed + index} [${run.scheduler}, ${run.style}]: ${run.violations.join("; ")}`,
    );
    console.log(`  replay: ${script} --runs 1 --members ${count} --seed ${seed + index} --heights ${heights}`);
    if (failures >= 10) break;
  }
  for (const [count, { runs: done, steps, coin, crashes, lastRound }] of totals) {
    const share = ((100 * coin) / done).toFixed(1);
    console.log(
      `N=${count}: runs ${done}, heights ${done * heights}, steps ${steps}, crashes with replay ${crashes}, ` +
        `threshold coin reached in ${share} % of runs, last round ${lastRound}`,
    );
  }
  for (const [kind, { forged, withheld, equivocated }] of ledger.entries) {
    console.log(`  ${kind.padEnd(12)} forged ${forged}, withheld ${withheld}, equivocated ${equivocated}`);
  }
  console.log(failures === 0 ? "no violation" : `${failures} violations`);
  return failures === 0;
}

async function runMutants(seed: number): Promise<boolean> {
  const effort = { schedules: 3, binary: 16_000, heights: 4_000 };
  let good = true;
  const started = [...coreMutants, ...coreControls];
  const queue = started.entries();
  const work = async () => {
    for (const [index, mutant] of queue) {
      const control = index >= coreMutants.length;
      const verdict = await tryMutant(mutant, effort, seed);
      good &&= (verdict.kind === "survived") === control;
      const how = verdict.kind === "killed" ? `killed after ${verdict.runs} runs by ${verdict.by}` : "survived";
      console.log(`${mutant.name.padEnd(52)} ${how}`);
    }
  };
  await Promise.all([work(), work()]);
  console.log(good ? `all ${coreMutants.length} mutants killed` : "a mutant survived, or a control was killed");
  return good;
}

const usage = `npm run simulate:agreement -- [options]: the agreement core alone, with ideal signatures

  --runs N        seeded runs, more of them for small committees (default 1000)
  --members LIST  committee sizes (default 4,7,16)
  --heights N     heights of a run (default 5)
  --seed N        seed of the first run (default 1)
  --mutants       plant each fault in turn instead; every one must be noticed`;

const { values } = parse(usage, {
  options: {
    runs: { type: "string", default: "1000" },
    members: { type: "string", default: "4,7,16" },
    seed: { type: "string", default: "1" },
    heights: { type: "string", default: "5" },
    mutants: { type: "boolean", default: false },
  },
});
const members = counts(values.members, "members");
const good = values.mutants
  ? await runMutants(wholeNumber(values.seed, "seed"))
  : runMany(
      members,
      wholeNumber(values.runs, "runs"),
      wholeNumber(values.seed, "seed"),
      wholeNumber(values.heights, "heights"),
    );
process.exitCode = good ? 0 : 1;
