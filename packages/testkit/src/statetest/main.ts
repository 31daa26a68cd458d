import { existsSync } from "node:fs";
import { basename } from "node:path";
import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import { parse } from "../arguments.ts";
import { forks, readStateTests, type StateTestCase } from "./fixture.ts";
import { fixtureFiles, vectorsFolder } from "./fixture-files.ts";
import { runCase } from "./run-case.ts";

const usage = `npm run --silent statetest -- [PATH...] [options]: Ethereum's state tests on our EVM

PATH is a file, a folder or a .tar.xz of GeneralStateTests; without one, the archives of TRIBUTARY_VECTORS.

  --fork NAME   only this upgrade (Cancun, Prague, Osaka)
  --match TEXT  only files whose path holds the text
  --json        the counts alone on standard output
  --slow MS     name cases that take longer

Failures are printed with file, fork and indexes; the last line is {"passed":…,"failed":…,"skipped":…}.
Ends with 1 after a failure or where nothing was run; archives that nobody named are skipped where they are absent.`;

const { values, positionals } = parse(usage, {
  allowPositionals: true,
  options: {
    fork: { type: "string" },
    match: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    slow: { type: "string", default: "1000" },
  },
});

const PROGRESS_EVERY_MS = 5_000;
const wanted = values.fork === undefined ? undefined : forkName(values.fork);
const counts = { passed: 0, failed: 0, skipped: 0 };
const say = values.json ? console.error : console.log;
const slow = Number(values.slow);

function forkName(text: string): string {
  const found = Object.keys(forks).find((name) => name.toLowerCase() === text.toLowerCase());
  if (found === undefined) {
    console.error(`--fork: ${Object.keys(forks).join(", ")}, not "${text}"`);
    process.exit(2);
  }
  return found;
}

function nameOf({ file, test, forkName, indexes }: StateTestCase): string {
  return `${file} ${test} ${forkName} data ${indexes.data} gas ${indexes.gas} value ${indexes.value}`;
}

async function runOne(evm: Evm, test: StateTestCase): Promise<void> {
  if (test.fork === undefined) {
    counts.skipped++;
    say(`SKIP ${nameOf(test)}: upgrade unknown`);
    return;
  }
  const began = performance.now();
  const fault = await runCase(evm, test).catch(
    (error: unknown) => `threw ${error instanceof Error ? error.stack : error}`,
  );
  const took = performance.now() - began;
  if (took > slow) console.error(`slow: ${nameOf(test)} took ${Math.round(took)} ms`);
  if (fault === undefined) counts.passed++;
  else {
    counts.failed++;
    say(`FAIL ${nameOf(test)}: ${fault}`);
  }
}

async function runFiles(files: readonly string[]): Promise<void> {
  const evm = await Evm.create(runPrecompile);
  let reported = Date.now();
  for (const [index, file] of files.entries()) {
    try {
      for (const test of readStateTests(file, wanted)) await runOne(evm, test);
    } catch (error) {
      counts.failed++;
      say(`FAIL ${file}: no state test: ${error instanceof Error ? error.message : error}`);
    }
    if (Date.now() - reported < PROGRESS_EVERY_MS) continue;
    reported = Date.now();
    console.error(
      `${index + 1} of ${files.length} files, ${counts.passed} passed, ${counts.failed} failed (${basename(file)})`,
    );
  }
}

const archives = ["cancun", "prague", "osaka"].map((name) => `${vectorsFolder()}/${name}.tar.xz`);
const paths = positionals.length > 0 ? positionals : archives;
const absent = paths.filter((path) => !existsSync(path));
// Nobody named the folder: an outsider's checkout, where the vectors are somebody else's.
const excused = positionals.length === 0 && process.env["TRIBUTARY_VECTORS"] === undefined;
for (const path of absent) console.error(`${excused ? "SKIPPED" : "FAIL"}: there is no ${path}`);
if (absent.length === 0) await runFiles(paths.flatMap(fixtureFiles).filter((file) => file.includes(values.match)));
console.log(JSON.stringify(counts));
process.exitCode = absent.length > 0 && excused ? 0 : counts.failed > 0 || counts.passed === 0 ? 1 : 0;
