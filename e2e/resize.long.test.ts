// A chain's committee grows and shrinks under load: one key for the outside, blocks go on, and nothing is lost.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { chainsAbi } from "@tributary/contracts";
import { FileVault } from "@tributary/node/vault/file-vault";
import { BlockWatch } from "@tributary/testkit/devnet/block-watch";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { eraAt, type Finality, signedDigest, verify } from "@tributary/testkit/devnet/outside-verifier";
import { until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { createPublicClient, http } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";

const NODES = 8;
const NAME = "sized";
const CHANGE_MS = 150_000;
const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");

type Chain = Devnet["info"]["chains"][number];
type Proof = Finality & { readonly header: { readonly epoch: number; readonly height: number } };

let devnet: Devnet;
let load: Load;
let blocks: BlockWatch;
/** First blocks of the epochs after the first. */
const borders: number[] = [];
/** Node ids by seat, by epoch. */
const committees = new Map<number, readonly number[]>();

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: NODES });
  // Its own chain takes as many of the nodes as it can.
  await done("chain", "delete", devnet.info.chains[0]!.name);
  await done("chain", "create", "--name", NAME, "--size", "small", "--members", "4");
  await until("the chain in devnet.json", 30_000, async () => devnet.info.chains[0]?.name === NAME);
  load = new Load(devnet.info, 0);
  load.start(6);
  const urls = chain().rpc;
  blocks = new BlockWatch(() => urls);
});
afterAll(async () => {
  await blocks?.stop();
  load?.stop();
  await devnet?.dispose();
});

const chain = (): Chain => devnet.info.chains.find(({ name }) => name === NAME)!;
const newest = async (url: string): Promise<Proof> => call<Proof>(url, "tributary_getFinality", "latest");
const proofOf = async (url: string, block: number): Promise<Proof> =>
  call<Proof>(url, "tributary_getFinality", `0x${block.toString(16)}`);
const logOf = (id: number): string =>
  readFileSync(join(devnet.info.nodes.find((node) => node.id === id)!.dataDir, "node.log"), "utf8");

type Answer = { readonly code: number; readonly stdout: string; readonly stderr: string };

async function tributary(...parameters: readonly string[]): Promise<Answer> {
  const command = [main, ...parameters, "--data", devnet.data, "--json"];
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd: root });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Answer;
    return { code, stdout, stderr };
  }
}

async function done(...parameters: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tributary(...parameters);
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Until blocks are of a later epoch, by a committee of so many. */
async function resized(members: number, before: Proof): Promise<Proof> {
  return await until(`the epoch after ${before.header.epoch}`, CHANGE_MS, async () => {
    if (chain().members.length !== members) return undefined;
    const proof = await newest(chain().rpc[0]!).catch(() => undefined);
    return proof !== undefined && proof.header.epoch > before.header.epoch ? proof : undefined;
  });
}

async function borderOf({ blockNumber, header: { epoch } }: Proof): Promise<void> {
  const { members, rpc } = chain();
  let block = blockNumber;
  while ((await proofOf(rpc[0]!, block - 1)).header.epoch === epoch) block -= 1;
  borders.push(block);
  committees.set(epoch, members);
  const { length } = members;
  console.log(
    `${length} members from block ${block} on; longest time without a block so far: ${blocks.longest.gap} ms`,
  );
}

async function verifies(proof: Proof): Promise<void> {
  const { era, groupKey: key } = await eraAt(devnet.info.mainchain, chain().chainId, proof.blockNumber);
  expect(key).toBe(chain().groupPublicKey);
  expect(verify(key, signedDigest(proof.headerEncoded, era), proof.certificate)).toBe(true);
}

type Recorded = {
  readonly members: number;
  readonly escrow: bigint;
  readonly group: `0x${string}`;
  readonly era: number;
  readonly epoch: number;
};

async function onMainchain(): Promise<Recorded> {
  const { rpc, contracts } = devnet.info.mainchain;
  return await createPublicClient({ transport: http(rpc) }).readContract({
    address: contracts["Chains"]!,
    abi: chainsAbi,
    functionName: "chainOf",
    args: [BigInt(chain().chainId)],
  });
}

test("what cannot be had is refused by name", async () => {
  const same = await tributary("chain", "resize", NAME, "--members", "4");
  expect(same.code).not.toBe(0);
  expect(same.stdout + same.stderr).toContain("SameMembers");
  const many = await tributary("chain", "resize", NAME, "--members", "12");
  expect(many.code).not.toBe(0);
  expect(many.stdout + many.stderr).toContain("NotEnoughNodes (nodes 4, members 8)");
  const stranger = await tributary("chain", "resize", NAME, "--members", "7", "--account", "3");
  expect(stranger.code).not.toBe(0);
  expect(stranger.stdout + stranger.stderr).toContain("NotOwner");
});

test("a committee of 4 grows to 7 under load: the same key, paid for", async () => {
  const members = chain().members;
  expect(members).toHaveLength(4);
  const before = await newest(chain().rpc[0]!);
  committees.set(before.header.epoch, members);
  const { escrow } = await onMainchain();
  const asked = await done("chain", "resize", NAME, "--members", "7");
  expect(JSON.parse(asked)).toMatchObject({ resizing: 7 });
  const after = await resized(7, before);
  await verifies(after);
  await borderOf(after);
  expect(chain().members.slice(0, 4)).toEqual(members);
  const paid = await onMainchain();
  expect(paid.members).toBe(7);
  expect(paid.escrow * 4n).toBe(escrow * 7n);
  for (const id of chain().members) {
    await until(`node ${id} to go over`, 30_000, async () => logOf(id).includes("the next epoch begins"));
  }
  // A member may be a height behind the others for a moment.
  for (const url of chain().rpc) {
    await until(`a running member at ${url}`, 30_000, async () => {
      const { status, quorum } = (await call(url, "tributary_status")) as { status: string; quorum: number };
      return status === "running" && quorum === 5;
    });
  }
  // New members take transactions as old ones do.
  load.members = chain().rpc;
});

test("and shrinks to 4 again, though one member is killed on the way", async () => {
  const before = await newest(chain().rpc[0]!);
  const { members } = chain();
  const { escrow } = await onMainchain();
  await until("the end of the pause between two changes", 60_000, async () => {
    const asked = await tributary("chain", "resize", NAME, "--members", "4");
    return asked.code === 0;
  });
  // One that stays: what a leaver does that was away is in leaver.long.test.ts.
  const victim = devnet.info.nodes.findIndex(({ id }) => id === members[2]);
  load.members = chain().rpc.slice(0, 4);
  await devnet.killNode(victim);
  await devnet.restartNode(victim);
  const after = await resized(4, before);
  await verifies(after);
  await borderOf(after);
  expect(chain().members).toEqual(members.slice(0, 4));
  const paid = await onMainchain();
  expect(paid.members).toBe(4);
  expect(paid.escrow < escrow).toBe(true);
});

test("every acknowledged transaction is mined once, and every height verifies under one key", async () => {
  await load.finish();
  const urls = chain().rpc;
  const counts = await load.minedCounts(urls[1]!, 180_000);
  expect(load.acknowledged.length).toBeGreaterThan(50);
  expect(load.acknowledged.filter((hash) => counts.get(hash) !== 1)).toEqual([]);
  const height = (await newest(urls[1]!)).blockNumber;
  for (const url of urls) {
    await until(`height ${height} at ${url}`, 30_000, async () => Number(await call(url, "eth_blockNumber")) >= height);
  }
  const [grown, shrunk] = borders;
  for (const number of [1, grown! - 1, grown!, shrunk! - 1, shrunk!, height]) {
    await verifies(await proofOf(urls[0]!, number));
    const name = `0x${number.toString(16)}`;
    const blocks = await Promise.all(urls.map((url) => call(url, "eth_getBlockByNumber", name, false)));
    for (const block of blocks) expect(block).toEqual(blocks[0]);
  }
  console.log(`${load.acknowledged.length} transactions; longest time without a block: ${blocks.longest.gap} ms`);
});

/** Members of an epoch, as "epoch.node", that can still sign with a share of it. */
async function keepingShares(epoch: number): Promise<readonly string[]> {
  const { group, era } = await onMainchain();
  const keeping: string[] = [];
  for (const [seat, id] of committees.get(epoch)?.entries() ?? []) {
    const { dataDir } = devnet.info.nodes.find((node) => node.id === id)!;
    const password = new TextEncoder().encode(readFileSync(join(dataDir, "password"), "utf8").trimEnd());
    const keys = await FileVault.open(join(dataDir, "keystore.json"), password);
    const signs = keys.signCancel({ group, era, epoch }, seat, `0x${"11".repeat(32)}`);
    await signs.then(
      () => keeping.push(`${epoch}.${id}`),
      (error: Error) => expect(error.message).toContain("no share is left"),
    );
  }
  return keeping;
}

test("shares of the epochs that are over are gone", async () => {
  const [first, second, third] = committees.keys();
  expect([...committees.values()].map(({ length }) => length)).toEqual([4, 7, 4]);
  expect(await keepingShares(third!)).toHaveLength(4);
  expect(await keepingShares(first!)).toEqual([]);
  expect(await keepingShares(second!)).toEqual([]);
});
