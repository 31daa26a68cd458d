// A chain changes its rules while half of its nodes are of a version that lacks them: they say so, stop there and diverge
// from nobody. Nodes that are upgraded one by one bring the chain on, under load.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");
const older = join(root, "e2e/forks/older-node.ts");
/** Seconds from the announcement to the change: two nodes are looked at meanwhile. */
const AHEAD = 40;
/** Creation code that ends with CLZ of 1: an opcode of the next rules. */
const NEW_OPCODE = "0x60011e5f5260205ff3";

type Status = {
  readonly status: string;
  readonly height: number;
  readonly nextFork: { readonly rules: number; readonly time: number; readonly known: boolean } | null;
  readonly halted: string | null;
};
type Block = { readonly number: string; readonly hash: string; readonly timestamp: string; readonly extraData: string };
type Stage = { readonly activationTime: number; readonly forkId: string; readonly precompiles: object | null };
type Config = { readonly current: Stage; readonly next: Stage | null };

let devnet: Devnet;
let load: Load;
let time = 0;

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  for (const index of [2, 3]) {
    await devnet.killNode(index);
    await devnet.restartNode(index, [older]);
  }
  load = new Load(devnet.info, 0);
  load.start(6);
});
afterAll(async () => {
  load?.stop();
  await devnet?.dispose();
});

/** JSON-RPC of the chain at the node in this place of devnet.json. */
function urlOf(index: number): string {
  const chain = devnet.info.chains[0]!;
  return chain.rpc[chain.members.indexOf(devnet.info.nodes[index]!.id)]!;
}

const status = (index: number): Promise<Status> => call<Status>(urlOf(index), "tributary_status");
const config = (index: number): Promise<Config> => call<Config>(urlOf(index), "eth_config");
const block = (index: number, name: string): Promise<Block> =>
  call<Block>(urlOf(index), "eth_getBlockByNumber", name, false);
const rulesOf = ({ extraData }: Block): number => Number(extraData.slice(0, 4));

async function health(index: number): Promise<{ readonly unknownForks: Readonly<Record<string, object>> }> {
  return (await (await fetch(new URL("/health", devnet.info.nodes[index]!.rpc))).json()) as never;
}

async function metric(index: number, name: string): Promise<number> {
  const text = await (await fetch(new URL("/metrics", devnet.info.nodes[index]!.rpc))).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (.+)$`, "m").exec(text)?.[1]);
}

async function tributary(...parameters: readonly string[]): Promise<Record<string, unknown>> {
  const all = [main, ...parameters, "--data", devnet.data, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, all, { cwd: root });
  return JSON.parse(stdout) as Record<string, unknown>;
}

test("what is announced is known to all at once, and who lacks it says so early and loudly", async () => {
  const { name, chainId } = devnet.info.chains[0]!;
  await tributary("chain", "schedule-fork", name, "--rules", "2", "--at", `+${AHEAD}`);
  for (const index of [0, 1, 2, 3]) {
    await until(`node ${index} to hear of it`, 20_000, async () => (await status(index)).nextFork !== null);
  }
  time = (await status(0)).nextFork!.time;
  expect((await status(0)).nextFork).toEqual({ rules: 2, time, known: true });
  expect((await status(3)).nextFork).toEqual({ rules: 2, time, known: false });
  expect(await health(0)).toMatchObject({ unknownForks: {} });
  expect(await health(3)).toMatchObject({ unknownForks: { [chainId]: { rules: 2, time } } });
  expect(await metric(0, "tributary_unknown_fork_timestamp_seconds")).toBe(0);
  expect(await metric(3, "tributary_unknown_fork_timestamp_seconds")).toBe(time);
  await until("a warning", 5_000, () => readFileSync(`${devnet.data}.log`, "utf8").includes("install a newer one"));
  const listed = await tributary("chain", "forks", name);
  expect(listed["forks"]).toMatchObject([{ rules: 2, name: "osaka", state: "announced" }]);
  const members = listed["members"] as readonly { readonly nodeId: number; readonly ready: boolean }[];
  const unready = members.filter(({ ready }) => !ready).map(({ nodeId }) => nodeId);
  expect(unready.sort()).toEqual([2, 3].map((index) => devnet.info.nodes[index]!.id));
  const [ours, theirs] = [await config(0), await config(3)];
  expect(ours.next).toMatchObject({ activationTime: time, precompiles: { P256VERIFY: expect.anything() } });
  expect(theirs.next).toMatchObject({ activationTime: time, forkId: ours.next!.forkId, precompiles: null });
  await expect(call(urlOf(0), "eth_call", { data: NEW_OPCODE }, "latest")).rejects.toThrow("invalid opcode");
});

test("at the fork whoever lacks the rules stops, and the chain waits for a quorum that has them", async () => {
  for (const index of [2, 3]) {
    await until(`node ${index} to stop`, (AHEAD + 30) * 1000, async () => (await status(index)).halted !== null);
    expect((await status(index)).halted).toBe("unknown-fork");
  }
  const last = await block(3, "latest");
  expect(rulesOf(last)).toBe(1);
  expect(Number(last.timestamp)).toBeLessThanOrEqual(time);
  await sleep(3_000);
  // Two of four are no quorum: nothing is final under the new rules.
  for (const index of [0, 1, 2, 3]) expect(rulesOf(await block(index, "latest"))).toBe(1);
  expect(await health(3)).toMatchObject({ unknownForks: { [devnet.info.chains[0]!.chainId]: { rules: 2 } } });
});

test("with the third node upgraded it goes on, the fourth stays where it is", async () => {
  await devnet.killNode(2);
  await devnet.restartNode(2);
  const first = await until("a block by the new rules", 60_000, async () => {
    const newest = await block(0, "latest").catch(() => undefined);
    return newest !== undefined && rulesOf(newest) === 2 ? newest : undefined;
  });
  expect(Number(first.timestamp)).toBeGreaterThanOrEqual(time);
  await expect(call(urlOf(0), "eth_call", { data: NEW_OPCODE }, "latest")).resolves.toBeTypeOf("string");
  const { current, next } = await config(0);
  expect([current.activationTime, next]).toEqual([time, null]);
  const stopped = await block(3, "latest");
  expect(stopped.hash).toBe((await block(0, stopped.number)).hash);
  expect(await status(3)).toMatchObject({ halted: "unknown-fork", status: "syncing" });
});

test("the last one comes after, and all have one chain with everything that was acknowledged", async () => {
  await devnet.killNode(3);
  await devnet.restartNode(3);
  await load.finish();
  const counts = await load.minedCounts(urlOf(0), 60_000);
  expect(load.acknowledged.length).toBeGreaterThan(30);
  expect(load.acknowledged.filter((hash) => counts.get(hash) !== 1)).toEqual([]);
  const { number } = await block(0, "latest");
  for (const index of [1, 2, 3]) {
    await until(
      `node ${index} at ${number}`,
      60_000,
      async () => Number((await block(index, "latest")).number) >= Number(number),
    );
    expect((await block(index, number)).hash).toBe((await block(0, number)).hash);
    expect(await status(index)).toMatchObject({ status: "running", halted: null, nextFork: null });
  }
  // Blocks of before are still executed by what they were executed by.
  await expect(call(urlOf(3), "eth_call", { data: NEW_OPCODE }, "0x0")).rejects.toThrow();
  for (let height = 1; height <= Number(number); height++) {
    const each = await block(3, `0x${height.toString(16)}`);
    expect([Number(each.number), rulesOf(each)]).toEqual([height, Number(each.timestamp) >= time ? 2 : 1]);
  }
});
