import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import { toHex } from "@tributary/protocol/bytes/index";
import { describe, expect, test } from "vitest";
import { blobBaseFee, readStateTests } from "./fixture.ts";
import { fixtureFiles, unpacked, vectorsFolder } from "./fixture-files.ts";
import { PreState } from "./pre-state.ts";
import { runCase } from "./run-case.ts";
import { stratified } from "./slice.ts";

const FILES_A_FOLDER = 3;
const CASES_A_FILE = 4;

const folder = vectorsFolder();
const there = existsSync(join(folder, "cancun.tar.xz"));
// Whoever names a folder wants it to be used: only the default may be absent.
const wanted = there || process.env["TRIBUTARY_VECTORS"] !== undefined;
if (!wanted) process.stderr.write(`SKIPPED: Ethereum's state tests, for ${folder} is absent (set TRIBUTARY_VECTORS)\n`);

describe.skipIf(!wanted)("a part of Ethereum's state tests from every folder (all: npm run test:spec)", () => {
  test.each(["cancun", "prague", "osaka"])("%s", async (archive) => {
    const root = unpacked(join(folder, `${archive}.tar.xz`));
    const evm = await Evm.create(runPrecompile);
    const faults: string[] = [];
    let cases = 0;
    for (const file of stratified(fixtureFiles(root), root, FILES_A_FOLDER)) {
      let taken = 0;
      for (const one of readStateTests(file)) {
        if (taken++ === CASES_A_FILE) break;
        cases++;
        const fault = one.fork === undefined ? "upgrade unknown" : await runCase(evm, one);
        if (fault !== undefined) faults.push(`${file} ${one.forkName} ${JSON.stringify(one.indexes)}: ${fault}`);
      }
    }
    expect(faults).toEqual([]);
    expect(cases).toBeGreaterThan(10);
  });
});

/** A transfer of 1 wei with a blob, as execution-spec-tests fills it. */
const transfer = {
  env: {
    currentCoinbase: "0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba",
    currentGasLimit: "0x055d4a80",
    currentNumber: "0x01",
    currentTimestamp: "0x03e8",
    currentRandom: "0x00",
    currentBaseFee: "0x07",
    currentExcessBlobGas: "0x00",
  },
  pre: {
    "0x61ea2047c47d36a535cd650ad2c14dbe6b4e8939": {
      nonce: "0x00",
      balance: "0x0de0b6b3a7640000",
      code: "0x",
      storage: {},
    },
  },
  transaction: {
    nonce: "0x00",
    maxPriorityFeePerGas: "0x01",
    maxFeePerGas: "0x0a",
    gasLimit: ["0x5208"],
    to: "0x46bcccd52523458500094c5c59a7801d3d0ee963",
    value: ["0x01"],
    data: ["0x"],
    accessLists: [[]],
    maxFeePerBlobGas: "0x01",
    blobVersionedHashes: ["0x0100000000000000000000000000000000000000000000000000000000000000"],
    secretKey: "0x897ed401b4a37cf3f8301c7545adafd251269940c5ab337f2396634d1f3d9d2a",
  },
  post: {
    Osaka: [
      {
        hash: "0x620378fa750a1d7a95f65b3ebc5474148ddbdc4579831e4ab35c75cc6709e79a",
        logs: "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
        indexes: { data: 0, gas: 0, value: 0 },
      },
    ],
  },
};

type Change = (test: typeof transfer & { post: { Osaka: { expectException?: string }[] } }) => void;

async function judge(change: Change): Promise<(string | undefined)[]> {
  const copy = structuredClone(transfer);
  change(copy);
  const at = mkdtempSync(join(tmpdir(), "statetest-"));
  try {
    writeFileSync(join(at, "transfer.json"), JSON.stringify({ transfer: copy }));
    const evm = await Evm.create(runPrecompile);
    const verdicts: (string | undefined)[] = [];
    for (const file of fixtureFiles(at)) {
      for (const one of readStateTests(file)) verdicts.push(await runCase(evm, one));
    }
    return verdicts;
  } finally {
    rmSync(at, { recursive: true });
  }
}

describe("the judge", () => {
  const first = (copy: Parameters<Change>[0]) => copy.post.Osaka[0]!;

  test("passes what is right and notices each thing that is not", async () => {
    expect(await judge(() => undefined)).toEqual([undefined]);
    const wrong: [RegExp, Change][] = [
      [/^root 0x620378.*, not 0x11/, (copy) => (first(copy).hash = `0x${"11".repeat(32)}`)],
      [/^logs 0x1dcc.*, not 0x22/, (copy) => (first(copy).logs = `0x${"22".repeat(32)}`)],
      [/^executed, not refused \(TR_NoFunds\)/, (copy) => (first(copy).expectException = "TR_NoFunds")],
      [/^refused: .*funds/, (copy) => (copy.transaction.value = ["0x0de0b6b3a7640000"])],
      [/^root/, (copy) => (copy.transaction.value = ["0x02"])],
    ];
    for (const [verdict, change] of wrong) expect((await judge(change))[0]).toMatch(verdict);
  });

  test("wants the state unchanged where the transaction is refused", async () => {
    const refused: Change = (copy) => {
      copy.transaction.gasLimit = ["0x5207"];
      first(copy).expectException = "IntrinsicGas";
    };
    expect((await judge(refused))[0]).toMatch(/^root of the unchanged state/);
  });

  test("the empty state's root, and a blob base fee of EIP-4844", async () => {
    const root = await new PreState().rootAfter({ accounts: [], storage: [], codes: [] });
    expect(toHex(root)).toBe("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    expect(blobBaseFee(0n, 3338477n)).toBe(1n);
    expect(blobBaseFee(2314058n, 3338477n)).toBe(2n);
    expect(blobBaseFee(10n * 1024n * 1024n, 3338477n)).toBe(23n);
  });
});
