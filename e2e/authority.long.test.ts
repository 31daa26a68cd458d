import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { Anvil, wordOf } from "../packages/authority/src/anvil.fixture.ts";
import { FaultProxy, seededFaults } from "../packages/authority/src/fault-proxy.fixture.ts";
import type { Plan } from "../packages/authority/src/killed-process.fixture.ts";

const PROGRAM = resolve(import.meta.dirname, "../packages/authority/src/killed-process.fixture.ts");
/** 20,000 and 50 on demand; either takes minutes more than CI has. */
const JOBS = Number(process.env["AUTHORITY_JOBS"] ?? 2_500);
const KILLS = Number(process.env["AUTHORITY_KILLS"] ?? 10);
/** Commits of a start and of one job's life are fewer. */
const MOST_COMMITS = 40;
const TIMEOUT_MS = 400_000 + 60 * JOBS;

/** True when it ended by itself and had carried out all. */
function run(plan: Plan, killAfterMs?: number): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(plan)], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  let timer: NodeJS.Timeout | undefined;
  child.stdout.once("data", () => {
    if (killAfterMs !== undefined) timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  });
  return new Promise((done, reject) => {
    child.once("error", reject);
    child.once("exit", () => {
      clearTimeout(timer);
      done(output.endsWith("done\n"));
    });
  });
}

test("killed before and after each commit of a job's life, a job has one effect", async () => {
  const folder = mkdtempSync(join(tmpdir(), "authority-"));
  const anvil = await Anvil.start("--block-time", "0.1");
  try {
    const to = await anvil.counter();
    const plan = { rpcUrl: anvil.rpc, store: join(folder, "jobs.db"), to, size: 1, confirmations: 2 };
    const names: string[] = [];
    let kills = 0;
    for (let commit = 1; commit <= MOST_COMMITS; commit++) {
      const before = kills;
      for (const when of ["before", "after"] as const) {
        names.push(`${commit} ${when}`);
        if (!(await run({ ...plan, names, killAt: { commit, when } }))) kills++;
      }
      if (kills === before) break;
    }
    expect(kills).toBeGreaterThanOrEqual(12);
    expect(names.length).toBeLessThan(2 * MOST_COMMITS);
    expect(await run({ ...plan, names })).toBe(true);
    for (const name of names) expect([name, await anvil.counted(to, wordOf(name))]).toEqual([name, 1]);
  } finally {
    await anvil.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function strike(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "authority-"));
  const anvil = await Anvil.start("--block-time", "0.25", "--accounts", "16");
  const proxy = await FaultProxy.start(anvil.rpc, seededFaults(11, 0.1));
  try {
    const to = await anvil.counter();
    const base = { rpcUrl: [proxy.rpc, anvil.rpc], store: join(folder, "jobs.db"), to, size: 16, confirmations: 6 };
    const plan: Plan = { ...base, prefix: "long", count: JOBS };
    let kills = 0;
    for (let turn = 0; turn < KILLS; turn++) {
      if (turn % 3 === 2) await anvil.call("anvil_reorg", 1 + (turn % 3), []);
      if (!(await run(plan, 20 + ((turn * 397) % 900)))) kills++;
    }
    expect(kills).toBeGreaterThan(KILLS / 2);
    expect(await run(plan)).toBe(true);
    const wrong: string[] = [];
    for (let index = 0; index < JOBS; index++) {
      const name = `long ${index}`;
      if ((await anvil.counted(to, wordOf(name))) !== 1) wrong.push(name);
    }
    expect(wrong).toEqual([]);
    const faults = Object.fromEntries(proxy.met);
    process.stderr.write(`${JSON.stringify({ jobs: JOBS, kills, faults })}\n`);
  } finally {
    await proxy.stop();
    await anvil.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

test(`${JOBS} jobs, ${KILLS} kills, a failing endpoint and reorganisations: one effect a key`, strike, TIMEOUT_MS);
