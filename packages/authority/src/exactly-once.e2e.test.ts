import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Anvil, wordOf } from "./anvil.fixture.ts";
import { FaultProxy, seededFaults } from "./fault-proxy.fixture.ts";
import type { Plan } from "./killed-process.fixture.ts";

const PROGRAM = join(import.meta.dirname, "killed-process.fixture.ts");

let anvil: Anvil;
let folder: string;
let to: `0x${string}`;

beforeEach(async () => {
  anvil = await Anvil.start("--block-time", "0.1");
  to = await anvil.counter();
  folder = mkdtempSync(join(tmpdir(), "authority-"));
});
afterEach(async () => {
  await anvil.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Ended = { readonly done: boolean; readonly signal: NodeJS.Signals | null; readonly log: string };

function run(plan: Plan, killAfterMs?: number): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(plan)], { stdio: ["ignore", "pipe", "pipe"] });
  let [output, log] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (log = (log + chunk.toString("utf8")).slice(-4_000)));
  let timer: NodeJS.Timeout | undefined;
  // Counted from when it works: how long it takes to start is the machine's affair.
  child.stdout.once("data", () => {
    if (killAfterMs !== undefined) timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (_code, signal) => {
      clearTimeout(timer);
      resolve({ done: output.endsWith("done\n"), signal, log });
    });
  });
}

/** Every commit of a start and a job's life; e2e/authority.long.test.ts kills before and after each of them. */
test("a process killed at each commit of a job's life has carried out each job once in the end", async () => {
  const names: string[] = [];
  const plan = { rpcUrl: anvil.rpc, store: join(folder, "jobs.db"), to, size: 1, confirmations: 1 };
  let killed = 0;
  for (let commit = 1; commit <= 9; commit++) {
    const when = commit % 2 === 0 ? "before" : "after";
    names.push(`${commit} ${when}`);
    const ended = await run({ ...plan, names, killAt: { commit, when } });
    if (ended.signal === "SIGKILL") killed++;
    else expect(ended).toMatchObject({ done: true });
  }
  const last = await run({ ...plan, names });
  expect(last).toMatchObject({ done: true });
  expect(killed).toBeGreaterThanOrEqual(6);
  for (const name of names) expect([name, await anvil.counted(to, wordOf(name))]).toEqual([name, 1]);
});

test("kills at random, lost, late, repeated and refused answers: each key has one effect", async () => {
  const proxy = await FaultProxy.start(anvil.rpc, seededFaults(7, 0.3));
  const names = Array.from({ length: 300 }, (_, index) => `random ${index}`);
  const plan = {
    rpcUrl: [proxy.rpc, proxy.rpc],
    store: join(folder, "jobs.db"),
    to,
    names,
    size: 4,
    confirmations: 2,
  };
  let kills = 0;
  for (const ms of [30, 120, 250, 400]) {
    if ((await run(plan, ms)).signal === "SIGKILL") kills++;
  }
  const last = await run(plan);
  expect(last).toMatchObject({ done: true });
  expect(kills).toBeGreaterThan(0);
  for (const name of names) expect([name, await anvil.counted(to, wordOf(name))]).toEqual([name, 1]);
  await proxy.stop();
});
