import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { count, parse } from "../arguments.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { type Difference, Fuzzer } from "./fuzzer.ts";
import { Tally } from "./tally.ts";
import { toFixture } from "./to-fixture.ts";

const usage = `npm run fuzz:evm -- [options]: the same transactions on our EVM and on @ethereumjs/vm

  --cases N      transactions (default 2000)
  --seed N       seed of the first (default: the time); case n has seed + n
  --from K       begin with case K: several processes can share one run (default 0)
  --resume FILE  keep the counters in FILE, and go on where it stands; what differed before is run again
  --save PATH    folder for differences, as state tests (default packages/testkit/src/evm-fuzz/found)
  --stop N       stop after this many differences (default 10)
  --json         the figures alone on standard output, on one line
  --merge FILE   only add the counters of these files of --resume, of different seeds; may be repeated

Ends with 1 after a difference.`;

const { values } = parse(usage, {
  options: {
    cases: { type: "string", default: "2000" },
    seed: { type: "string" },
    from: { type: "string", default: "0" },
    resume: { type: "string" },
    save: { type: "string", default: join(import.meta.dirname, "found") },
    stop: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
    merge: { type: "string", multiple: true },
  },
});

const PROGRESS_EVERY_MS = 10_000;

function print(tally: Tally, more: Readonly<Record<string, number>>): void {
  const report = { ...more, ...tally.report() };
  console.log(values.json ? JSON.stringify(report) : JSON.stringify(report, undefined, 1));
  process.exitCode = tally.differences > 0 ? 1 : 0;
}

function merge(files: readonly string[]): void {
  const tally = new Tally();
  for (const file of files) {
    const checkpoint = readCheckpoint(file);
    if (checkpoint === undefined) throw new Error(`${file} is not there`);
    tally.add(checkpoint.tally);
  }
  print(tally, {});
}

async function save({ scenario, differences, theirs, logs }: Difference): Promise<void> {
  mkdirSync(values.save, { recursive: true });
  const file = join(values.save, `seed-${scenario.seed}.json`);
  writeFileSync(file, `${JSON.stringify(await toFixture(scenario, theirs, logs), undefined, 1)}\n`);
  console.error(`DIFFERENCE seed ${scenario.seed} ${scenario.fork} -> ${file}`);
  for (const line of differences.slice(0, 12)) console.error(`  ${line.slice(0, 400)}`);
}

/** Runs again where the engines differed: the fault may be mended. */
async function stillDiffering(seeds: readonly number[]): Promise<number[]> {
  const fuzzer = await Fuzzer.create();
  const differing: number[] = [];
  for (const seed of seeds) if (await fuzzer.run(seed)) differing.push(seed);
  return differing;
}

async function fuzz(): Promise<void> {
  const cases = count(values.cases, "cases");
  const stop = count(values.stop, "stop");
  const from = values.from === "0" ? 0 : count(values.from, "from");
  const before = values.resume === undefined ? undefined : readCheckpoint(values.resume);
  const given = values.seed === undefined ? undefined : count(values.seed, "seed");
  const seed = given ?? before?.seed ?? Date.now() % 1_000_000_000;
  if (before && (before.seed !== seed || before.from !== from)) {
    throw new Error(`${values.resume} has a run of seed ${before.seed} from case ${before.from}`);
  }
  const fuzzer = await Fuzzer.create();
  const { tally } = fuzzer;
  if (before) tally.add({ ...before.tally, differing: await stillDiffering(before.tally.differing) });
  const checkpoint = (): void => {
    if (values.resume !== undefined) writeCheckpoint(values.resume, { seed, from, cases, tally: tally.data() });
  };
  const first = from + tally.cases;
  console.error(`seed ${seed}, cases ${first} to ${from + cases - 1}`);
  let reported = Date.now();
  for (let n = first; n < from + cases && tally.differences < stop; n++) {
    const found = await fuzzer.run(seed + n);
    if (found) await save(found);
    if (Date.now() - reported < PROGRESS_EVERY_MS) continue;
    reported = Date.now();
    checkpoint();
    console.error(`${tally.cases} of ${cases}, ${tally.differences} differences`);
  }
  checkpoint();
  print(tally, { seed, from });
}

if (values.merge !== undefined) merge(values.merge);
else await fuzz();
