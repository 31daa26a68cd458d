// Nodes leave a chain under load: others take their seats, the key stays, blocks go on, and nothing is lost.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { BlockWatch } from "@tributary/testkit/devnet/block-watch";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { eraAt, type Finality, signedDigest, verify } from "@tributary/testkit/devnet/outside-verifier";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { toFunctionSelector } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";

const NODES = 6;
const ROTATION_MS = 120_000;
const INFORMATION = "0x7472696275746172790000000000000000000003";
const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");

type Chain = Devnet["info"]["chains"][number];
type Proof = Finality & {
  readonly header: { readonly epoch: number; readonly height: number; readonly committee: string };
};

let devnet: Devnet;
let load: Load;
let blocks: BlockWatch;

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: NODES });
  load = new Load(devnet.info, 0);
  load.start(6);
  const urls = devnet.info.chains[0]!.rpc;
  blocks = new BlockWatch(() => urls);
});
afterAll(async () => {
  await blocks?.stop();
  load?.stop();
  await devnet?.dispose();
});

const chain = (): Chain => devnet.info.chains[0]!;
const newest = async (url: string): Promise<Proof> => call<Proof>(url, "tributary_getFinality", "latest");
const logOf = (id: number): string =>
  readFileSync(join(devnet.info.nodes.find((node) => node.id === id)!.dataDir, "node.log"), "utf8");

/** Contracts read from ChainInformation what the certified header says of the committee. */
async function toldContracts({ blockNumber, header: { epoch, committee } }: Proof): Promise<void> {
  const block = `0x${blockNumber.toString(16)}`;
  const ask = async (name: string): Promise<string> =>
    await call<string>(chain().rpc[0]!, "eth_call", { to: INFORMATION, data: toFunctionSelector(name) }, block);
  expect(Number(await ask("epoch()"))).toBe(epoch);
  expect(await ask("committee()")).toBe(committee);
  expect([Number(await ask("members()")), Number(await ask("quorum()"))]).toEqual([4, 3]);
}

async function tributary(...parameters: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [main, ...parameters, "--data", devnet.data, "--json"], { cwd: root });
}

/** Until blocks are of a later epoch, by a committee without the leaver. */
async function rotated(leaver: number, before: Proof): Promise<Proof> {
  return await until(`the epoch after ${before.header.epoch}`, ROTATION_MS, async () => {
    if (chain().members.includes(leaver)) return undefined;
    const proof = await newest(chain().rpc[0]!).catch(() => undefined);
    return proof !== undefined && proof.header.epoch > before.header.epoch ? proof : undefined;
  });
}

async function verifies(proof: Proof): Promise<void> {
  const { era, groupKey: key } = await eraAt(devnet.info.mainchain, chain().chainId, proof.blockNumber);
  expect(key).toBe(chain().groupPublicKey);
  expect(verify(key, signedDigest(proof.headerEncoded, era), proof.certificate)).toBe(true);
}

test("a node that exits is replaced: the same key, and every member changes over", async () => {
  const members = chain().members;
  const leaver = members[1]!;
  const before = await newest(chain().rpc[0]!);
  await tributary("node", "exit", String(leaver));
  const after = await rotated(leaver, before);
  await verifies(after);
  const now = chain().members;
  expect(now.filter((id) => !members.includes(id))).toHaveLength(1);
  for (const id of new Set([...members, ...now])) {
    await until(`node ${id} to go over`, 30_000, async () => logOf(id).includes("the next epoch begins"));
  }
  console.log(`longest time without a block so far: ${blocks.longest.gap} ms, before height ${blocks.longest.height}`);
});

test("the next one follows, though a member is killed in the middle of it", async () => {
  const members = chain().members;
  const [victim, leaver] = [members[0]!, members[2]!];
  const index = devnet.info.nodes.findIndex(({ id }) => id === victim);
  const stays = chain().rpc[3]!;
  const before = await newest(stays);
  const told = (): number => logOf(members[3]!).split("member started").length;
  const known = told();
  await tributary("node", "exit", String(leaver));
  await until("the resharing", ROTATION_MS, async () => told() > known);
  await devnet.killNode(index);
  await sleep(2_000);
  await devnet.restartNode(index);
  const after = await rotated(leaver, before);
  await verifies(after);
  expect(after.header.epoch).toBeGreaterThan(before.header.epoch);
  expect(chain().members).toContain(victim);
  // Old blocks stay provable under the key, whichever committee made them.
  await verifies(await call<Proof>(stays, "tributary_getFinality", "0x1"));
});

test("every acknowledged transaction is mined once, and all members have the same chain", async () => {
  await load.finish();
  const urls = chain().rpc;
  const counts = await load.minedCounts(urls[1]!, 60_000);
  expect(load.acknowledged.length).toBeGreaterThan(30);
  expect(load.acknowledged.filter((hash) => counts.get(hash) !== 1)).toEqual([]);
  const height = (await newest(urls[1]!)).blockNumber;
  for (const url of urls) {
    await until(`height ${height} at ${url}`, 30_000, async () => Number(await call(url, "eth_blockNumber")) >= height);
  }
  for (const number of [1, Math.floor(height / 2), height]) {
    const name = `0x${number.toString(16)}`;
    const blocks = await Promise.all(urls.map((url) => call(url, "eth_getBlockByNumber", name, false)));
    for (const block of blocks) expect(block).toEqual(blocks[0]);
  }
  console.log(`longest time without a block: ${blocks.longest.gap} ms, before height ${blocks.longest.height}`);
});

test("an epoch that has lasted its period ends by itself", async () => {
  const before = await newest(chain().rpc[0]!);
  // Now: the states of the last blocks alone are kept.
  await toldContracts(before);
  load = new Load(devnet.info, 0);
  load.start(5);
  await call(devnet.info.mainchain.rpc, "evm_increaseTime", 86_400);
  const after = await until("the next epoch", ROTATION_MS, async () => {
    const proof = await newest(chain().rpc[0]!).catch(() => undefined);
    return proof !== undefined && proof.header.epoch > before.header.epoch ? proof : undefined;
  });
  await verifies(after);
  await toldContracts(after);
  await load.finish();
  const counts = await load.minedCounts(chain().rpc[1]!, 60_000);
  expect(load.acknowledged.filter((hash) => counts.get(hash) !== 1)).toEqual([]);
});

test("everything is killed and started again: the chain goes on in its epoch", async () => {
  const before = await newest(chain().rpc[0]!);
  const members = chain().members;
  await devnet.crash();
  await devnet.launch();
  expect(chain().members).toEqual(members);
  const after = new Load(devnet.info, 0);
  after.start(5);
  const proof = await until("new blocks", 60_000, async () => {
    const proof = await newest(chain().rpc[0]!).catch(() => undefined);
    return proof !== undefined && proof.blockNumber > before.blockNumber + 5 ? proof : undefined;
  });
  await after.finish();
  expect(proof.header.epoch).toBe(before.header.epoch);
  await verifies(proof);
});
