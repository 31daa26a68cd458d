import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { count, parse } from "../arguments.ts";
import { Fuzzer } from "./fuzzer.ts";
import { toFixture } from "./to-fixture.ts";

const usage = `npm run fuzz:evm -- [options]: the same transactions on our EVM and on @ethereumjs/vm

  --cases N    transactions (default 2000)
  --seed N     seed of the first (default: the time); case n has seed + n
  --save PATH  folder for differences, as state tests (default packages/testkit/src/evm-fuzz/found)
  --stop N     stop after this many differences (default 10)
  --json       the figures alone on standard output

Ends with 1 after a difference.`;

const { values } = parse(usage, {
  options: {
    cases: { type: "string", default: "2000" },
    seed: { type: "string" },
    save: { type: "string", default: join(import.meta.dirname, "found") },
    stop: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
  },
});

const PROGRESS_EVERY_MS = 10_000;
const cases = count(values.cases, "cases");
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : count(values.seed, "seed");
const stop = count(values.stop, "stop");
console.error(`seed ${seed}`);

const fuzzer = await Fuzzer.create();
let reported = Date.now();
for (let i = 0; i < cases && fuzzer.found < stop; i++) {
  const found = await fuzzer.run(seed + i);
  if (found) {
    mkdirSync(values.save, { recursive: true });
    const file = join(values.save, `seed-${found.scenario.seed}.json`);
    writeFileSync(file, `${JSON.stringify(await toFixture(found.scenario, found.theirs, found.logs), undefined, 1)}\n`);
    console.error(`DIFFERENCE seed ${found.scenario.seed} ${found.scenario.fork} -> ${file}`);
    for (const line of found.differences.slice(0, 12)) console.error(`  ${line.slice(0, 400)}`);
  }
  if (Date.now() - reported < PROGRESS_EVERY_MS) continue;
  reported = Date.now();
  console.error(`${i + 1} of ${cases}, ${fuzzer.found} differences`);
}
const report = { seed, ...fuzzer.report() };
console.log(values.json ? JSON.stringify(report) : JSON.stringify(report, undefined, 1));
process.exitCode = fuzzer.found > 0 ? 1 : 0;
