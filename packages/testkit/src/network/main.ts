import type { MessageKind } from "@tributary/protocol/wire/index";
import { count, counts, parse } from "../arguments.ts";
import { Abuse } from "./abuse.ts";
import { runMutants } from "./mutant-runs.ts";
import type { RunReport } from "./run-report.ts";
import { simulateNetwork } from "./simulation.ts";

const usage = `npm run simulate -- [options]: whole members on a simulated network, against an adversary

  --runs N        seeded runs (default 100)
  --members LIST  committee sizes, taken in turn (default 4,7,16)
  --heights N     heights of a run (default 5)
  --seed N        seed of the first run (default 1)
  --calm          no faults
  --amnesia       in each run an honest member loses its record of what it said; it counts as one that may be faulty
  --epochs N      so many later epochs become ready in the middle of each run, some of a new era (default 0)
  --sizes LIST    members of these later epochs, where they are others: --members 4 --epochs 2 --sizes 7,4
  --recovery      more than f members' disks are destroyed and the era ends by a Recovery, or one is cancelled
  --recoveries N  so many in a row: a later one strikes before, while or after the heights that its era took over are final
  --observers N   so many nodes without a seat follow (default 0)
  --verbose       a line for each run
  --mutants       plant each fault in turn instead; every one must be noticed
  --only TEXT     with --mutants: those whose name holds the text`;

const { values } = parse(usage, {
  options: {
    runs: { type: "string", default: "100" },
    members: { type: "string", default: "4,7,16" },
    heights: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
    calm: { type: "boolean", default: false },
    amnesia: { type: "boolean", default: false },
    epochs: { type: "string", default: "0" },
    sizes: { type: "string" },
    recovery: { type: "boolean", default: false },
    recoveries: { type: "string", default: "0" },
    observers: { type: "string", default: "0" },
    mutants: { type: "boolean", default: false },
    only: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});

const sizes = counts(values.members, "members");
const heights = count(values.heights, "heights");
const first = count(values.seed, "seed");
const observers = values.observers === "0" ? 0 : count(values.observers, "observers");
const later = values.sizes === undefined ? [] : counts(values.sizes, "sizes");
const recoveries = values.recoveries === "0" ? (values.recovery ? 1 : 0) : count(values.recoveries, "recoveries");
const epochs = values.epochs === "0" ? 0 : count(values.epochs, "epochs");

if (values.mutants) process.exitCode = await runMutants(values.only);
else process.exitCode = runAll(count(values.runs, "runs")) ? 0 : 1;

function runAll(runs: number): boolean {
  const abuse = new Abuse();
  const sent = new Map<MessageKind, number>();
  const totals = { steps: 0, messages: 0, lost: 0, crashes: 0, resets: 0, transactions: 0, coins: 0 };
  const more = {
    evidence: 0,
    forgets: 0,
    remembers: 0,
    handovers: 0,
    recoveries: 0,
    inherited: 0,
    inheritedAgain: 0,
    dropped: 0,
    fetched: 0,
    jumps: 0,
    runsWithCoin: 0,
    milliseconds: 0,
  };
  const began = Date.now();
  for (let run = 0; run < runs; run++) {
    const members = sizes[run % sizes.length] ?? 4;
    const report = simulateNetwork({
      members,
      heights,
      seed: first + run,
      calm: values.calm,
      amnesia: values.amnesia,
      epochs,
      sizes: later,
      recoveries,
      observers,
    });
    if (!report.ok) return failed(report);
    if (values.verbose) console.log(line(report));
    abuse.merge(report.abuse);
    for (const [kind, count] of report.sent) sent.set(kind, (sent.get(kind) ?? 0) + count);
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += report[key];
    more.evidence += report.evidence;
    more.forgets += report.forgets;
    more.remembers += report.remembers;
    more.handovers += report.handovers;
    more.recoveries += report.recoveries;
    more.inherited += report.inherited;
    more.inheritedAgain += report.inheritedAgain;
    more.dropped += report.dropped;
    more.fetched += report.fetched;
    more.jumps += report.jumps;
    more.milliseconds += report.milliseconds;
    if (report.coins > 0) more.runsWithCoin += 1;
  }
  console.log(`${runs} runs, members ${values.members}, ${heights} heights, seeds from ${first}: no violation`);
  console.log(JSON.stringify({ ...totals, ...more, seconds: (Date.now() - began) / 1000 }));
  console.log(`honest messages: ${[...sent].map(([kind, count]) => `${kind} ${count}`).join(", ")}`);
  console.log(abuse.table());
  return true;
}

function failed(report: RunReport): boolean {
  console.error(`FAILED: ${report.failure}`);
  console.error(line(report));
  const calm = `${values.calm ? " --calm" : ""}${recoveries === 0 ? "" : ` --recoveries ${recoveries}`}${values.amnesia ? " --amnesia" : ""}`;
  const sized = later.length === 0 ? "" : ` --sizes ${later.join()}`;
  const more = `${epochs === 0 ? "" : ` --epochs ${epochs}`}${sized}${observers === 0 ? "" : ` --observers ${observers}`}`;
  const { members, seed } = report;
  console.error(
    `replay: node packages/testkit/src/network/main.ts --runs 1 --members ${members} --heights ${heights} --seed ${seed}${calm}${more}`,
  );
  return false;
}

function line(report: RunReport): string {
  const { members, seed, network, steps, milliseconds, messages, lost, crashes, resets, coins, fetched, jumps } =
    report;
  return `N=${members} seed ${seed} ${network}: height ${report.heights}, ${milliseconds} ms, ${steps} steps, ${messages} messages, ${lost} lost, ${crashes} crashes, ${resets} resets, ${coins} coins, ${fetched} fetched, ${jumps} jumps, ${report.transactions} transactions`;
}
