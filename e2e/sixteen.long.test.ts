// Sixteen processes with one sixteen-member chain on one small machine; five of them die.
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { alive, descendants, proportionalSetSize, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";

const NODES = 16;
/** f of sixteen. */
const KILLED = 5;
const GIB = 1024 ** 3;

let devnet: Devnet;
let load: Load;
beforeAll(async () => {
  const begun = performance.now();
  devnet = await Devnet.start({ nodes: NODES });
  process.stderr.write(`devnet of ${NODES} up after ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
  load = new Load(devnet.info, 0);
});
afterAll(async () => {
  load?.stop();
  await devnet?.dispose();
});

const chain = () => devnet.info.chains[0]!;
const head = async (seat: number) => Number(await call<string>(chain().rpc[seat]!, "eth_blockNumber"));

/** Bytes of memory of all processes of the devnet: its own, anvil's and the nodes'. */
function memory(): number {
  return [devnet.pid, ...descendants(devnet.pid)].reduce((sum, pid) => sum + proportionalSetSize(pid), 0);
}

test("sixteen processes serve one chain of sixteen members", async () => {
  const pids = new Set(devnet.info.nodes.map(({ pid }) => pid));
  expect(pids.size).toBe(NODES);
  expect([...pids].every(alive)).toBe(true);
  expect(chain().members.length).toBe(NODES);
  await until("the first block at every member", 60_000, async () => {
    const heights = await Promise.all(chain().rpc.map((_, seat) => head(seat)));
    return heights.every((height) => height > 0);
  });
});

test("they fit in 4 GiB; blocks go on with five killed, and every acknowledged transaction is mined once", async () => {
  load.start(5);
  const quiet = await head(0);
  await until("blocks with all", 60_000, async () => (await head(0)) >= quiet + 10);
  const bytes = memory();
  process.stderr.write(`proportional set sizes under load: ${(bytes / GIB).toFixed(2)} GiB\n`);
  expect(bytes).toBeLessThanOrEqual(4 * GIB);
  const victims = chain().members.slice(-KILLED);
  for (const id of victims) await devnet.killNode(devnet.info.nodes.findIndex((node) => node.id === id));
  const before = await head(0);
  await until("blocks without the five", 60_000, async () => (await head(0)) >= before + 5);
  const status = await call<{ status: string; quorum: number }>(chain().rpc[0]!, "tributary_status");
  expect(status).toMatchObject({ status: "running", quorum: NODES - KILLED });
  // What a member acknowledged just before it was killed is on its disk alone until it is back.
  for (const id of victims) await devnet.restartNode(devnet.info.nodes.findIndex((node) => node.id === id));
  await load.finish();
  expect(load.acknowledged.length).toBeGreaterThan(10);
  const mined = await load.minedCounts(chain().rpc[0]!, 60_000);
  expect(load.acknowledged.filter((hash) => mined.get(hash) !== 1)).toEqual([]);
});

test("a clean stop leaves nothing behind", async () => {
  expect(await devnet.stop()).toEqual([]);
});
