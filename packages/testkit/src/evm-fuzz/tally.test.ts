import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { Fuzzer } from "./fuzzer.ts";
import { opcodeNames } from "./opcodes.ts";
import { Tally, type TallyData } from "./tally.ts";

/** Without what depends on the clock. */
const counters = ({ milliseconds, ...rest }: TallyData): Omit<TallyData, "milliseconds"> => rest;

async function tallyOf(first: number, end: number): Promise<TallyData> {
  const fuzzer = await Fuzzer.create();
  for (let seed = first; seed < end; seed++) await fuzzer.run(seed);
  return fuzzer.tally.data();
}

test("parts of a run, kept in files, add to what the whole run counts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tally-"));
  try {
    const sum = new Tally();
    for (const [first, end] of [
      [930, 950],
      [900, 930],
    ] as const) {
      const file = join(folder, `${first}.json`);
      writeCheckpoint(file, { seed: 900, from: first - 900, cases: end - first, tally: await tallyOf(first, end) });
      sum.add(readCheckpoint(file)!.tally);
    }
    const whole = await tallyOf(900, 950);
    expect(counters(sum.data())).toEqual(counters(whole));
    expect(sum.data().ranges).toEqual([[900, 950]]);
    expect(sum.report().medianOpcodes).toBeGreaterThan(0);
    expect(() => sum.add(whole)).toThrow("counted already");
    expect(readCheckpoint(join(folder, "absent.json"))).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the report has the median, the fractions and what was executed too seldom", () => {
  const tally = new Tally();
  for (const opcode of opcodeNames.keys()) tally.opcodes[opcode] = 10_000;
  tally.opcodes[0xf5] = 9_999;
  for (let i = 0; i < 10_000; i++) tally.countPrecompile(1, i % 2 === 0);
  tally.count(5, "success", 10, 1, false);
  tally.count(6, "revert", 300, 2, false);
  tally.count(7, "outOfGas", 120, 3, true);
  tally.count(8, "invalid", 0, 0, false);
  const report = tally.report();
  expect(report).toMatchObject({ cases: 4, differences: 1, medianOpcodes: 120, deepest: 3, seeds: [[5, 9]] });
  expect(report.fractions).toEqual({
    invalid: 0.25,
    outOfGas: 0.25,
    revert: 0.25,
    success: 0.25,
    deeperThan1: 0.5,
    deeperThan2: 0.25,
  });
  expect(Object.entries(report.seldomestOpcodes)[0]).toEqual(["CREATE2", 9_999]);
  expect(report.precompiles["0x1"]).toEqual({ succeeded: 5_000, failed: 5_000 });
  expect(report.below10000.slice(0, 2)).toEqual(["CREATE2", "0x2"]);
  expect(report.below10000).not.toContain("0x1");
});

test("every instruction has its name", () => {
  const named = Object.fromEntries([...opcodeNames].map(([opcode, name]) => [name, opcode]));
  expect(named).toMatchObject({ STOP: 0, CLZ: 0x1e, CODECOPY: 0x39, COINBASE: 0x41, BLOBBASEFEE: 0x4a, MCOPY: 0x5e });
  expect(named).toMatchObject({ PUSH0: 0x5f, PUSH32: 0x7f, DUP16: 0x8f, SWAP16: 0x9f, LOG4: 0xa4, CREATE2: 0xf5 });
  expect(opcodeNames.size).toBe(150);
});
