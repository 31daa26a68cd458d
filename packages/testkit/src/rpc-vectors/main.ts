import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "../arguments.ts";
import { answerDifference } from "./compare.ts";
import { ImportedChain } from "./imported-chain.ts";
import { type Json, type RoundTrips, readFolder } from "./round-trips.ts";
import { rpcVectors } from "./vector-files.ts";

const usage = `npm run --silent rpc-compat -- [FIXTURE_DIR] [options]: execution-apis' round trips on our JSON-RPC

FIXTURE_DIR holds genesis.json, chain.rlp and folders of .io files; without it, rpc-compat.tar.xz of TRIBUTARY_VECTORS.

  --match TEXT  only tests whose name holds the text
  --json        the counts alone on standard output

Imports the chain with "tributary import-chain", sends each request and compares the answer. Differences are printed;
tests that cannot pass are skipped with their reason (excused.json) and may not pass. The last line is
{"passed":…,"failed":…,"skipped":…}. Ends with 1 after a failure or where nothing was run.`;

const { values, positionals } = parse(usage, {
  allowPositionals: true,
  options: { match: { type: "string", default: "" }, json: { type: "boolean", default: false } },
});
const say = values.json ? console.error : console.log;
const counts = { passed: 0, failed: 0, skipped: 0 };
/** By name: why a test cannot pass. */
const excused = JSON.parse(readFileSync(join(import.meta.dirname, "excused.json"), "utf8")) as Record<string, string>;

async function differenceIn(chain: ImportedChain, { steps, specOnly }: RoundTrips): Promise<string | undefined> {
  for (const { request, answer } of steps) {
    const difference = answerDifference((await chain.send(request)) as Json, answer, specOnly);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function count(name: string, difference: string | undefined): void {
  const reason = excused[name];
  if (difference !== undefined && reason !== undefined) {
    counts.skipped++;
    say(`SKIP ${name}: ${reason}`);
  } else if (difference !== undefined) {
    counts.failed++;
    say(`FAIL ${name}: ${difference}`);
  } else if (reason !== undefined) {
    counts.failed++;
    say(`FAIL ${name}: it passes and is excused all the same`);
  } else counts.passed++;
}

async function run(folder: string): Promise<void> {
  const tests = readFolder(folder);
  const chain = await ImportedChain.start(folder);
  try {
    // Tests that send transactions change what the ones after them see, so that all are sent, in order.
    for (const test of tests) {
      const difference = await differenceIn(chain, test);
      if (test.name.includes(values.match)) count(test.name, difference);
    }
  } finally {
    await chain.stop();
  }
}

/** The folder itself or, of an unpacked archive, the one with the tests. */
function testFolder(path: string): string {
  const inner = join(path, "rpc", "tests");
  return existsSync(inner) ? inner : path;
}

const [named] = positionals;
const folder = named === undefined ? rpcVectors() : testFolder(resolve(named));
if (folder !== undefined) await run(folder);
console.log(JSON.stringify(counts));
process.exitCode = folder === undefined ? 0 : counts.failed > 0 || counts.passed === 0 ? 1 : 0;
