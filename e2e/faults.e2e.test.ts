// Nodes die by kill -9, one, two and all, under load; nothing acknowledged is lost or doubled.

import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";

type Status = { status: string; height: number | string; membersUp: number; quorum: number; since: unknown };

const root = resolve(import.meta.dirname, "..");
let devnet: Devnet;
let load: Load;
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  load = new Load(devnet.info, 0);
});
afterAll(async () => {
  load?.stop();
  await devnet?.dispose();
});

const rpcOf = (member: number) => devnet.info.chains[0]!.rpc[member]!;
/** Members sit in the order in which they were drawn; nodes are listed by id. */
const nodeOf = (member: number) =>
  devnet.info.nodes.findIndex((node) => node.id === devnet.info.chains[0]!.members[member]);
const head = async (member: number) => Number(await call<string>(rpcOf(member), "eth_blockNumber"));
const status = (member: number) => call<Status>(rpcOf(member), "tributary_status");

test("one of four nodes is killed: blocks go on, and it catches up and signs again", async () => {
  load.start(6);
  await until("blocks", 20_000, async () => (await head(0)) > 2);
  await devnet.killNode(nodeOf(3));
  const before = await head(0);
  await until("blocks without the fourth", 20_000, async () => (await head(0)) >= before + 5);
  await devnet.restartNode(nodeOf(3));
  await until("the fourth to catch up", 60_000, async () => (await head(3)) >= (await head(0)) - 2);
  // Signs again: with another one down, blocks go on only if the returned member takes part.
  await devnet.killNode(nodeOf(2));
  const then = await head(0);
  await until("blocks with the returned member", 30_000, async () => (await head(0)) >= then + 5);
  await devnet.restartNode(nodeOf(2));
  await until("the third to catch up", 60_000, async () => (await head(2)) >= (await head(0)) - 2);
});

test("two of four are killed: the chain pauses and says so, and resumes within 10 s of their return", async () => {
  await devnet.killNode(nodeOf(2));
  await devnet.killNode(nodeOf(3));
  await until("status paused", 20_000, async () => (await status(0)).status === "paused");
  const paused = await status(0);
  expect(paused.membersUp).toBeLessThan(paused.quorum);
  const chainId = String(devnet.info.chains[0]!.chainId);
  const shown = await promisify(execFile)(
    "npx",
    ["tributary", "chain", "show", chainId, "--data", devnet.data, "--json"],
    { cwd: root },
  );
  expect(shown.stdout).toContain("paused");
  const acknowledged = load.acknowledged.length;
  await until("transactions accepted while paused", 10_000, () => load.acknowledged.length > acknowledged + 5);
  const still = await head(0);
  await Promise.all([devnet.restartNode(nodeOf(2)), devnet.restartNode(nodeOf(3))]);
  await until("new blocks within 10 s", 10_000, async () => (await head(0)) > still);
});

test("all four nodes and the mainchain are killed: the same after a restart", async () => {
  const before = await head(0);
  await devnet.crash();
  await devnet.launch([]);
  await until("blocks after the restart", 30_000, async () => (await head(0)) > before);
});

test("every acknowledged transaction was mined exactly once", async () => {
  await load.finish();
  expect(load.acknowledged.length).toBeGreaterThan(20);
  const mined = await load.minedCounts(rpcOf(1), 60_000);
  expect(load.acknowledged.filter((hash) => mined.get(hash) !== 1)).toEqual([]);
});

test("a clean stop leaves nothing behind", async () => {
  expect(await devnet.stop()).toEqual([]);
});
