// A node loses its seat while it is stopped, for longer than leavers keep their slots and for two epochs. At its next start
// it hands on what it alone acknowledged, erases its share, and leaves; its folder still proves what accounts hold.

import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { FileVault } from "@tributary/node/vault/file-vault";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import type { Finality } from "@tributary/testkit/devnet/outside-verifier";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { type Hex, parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROTATION_MS = 240_000;
const ETHER = parseEther("1");
const heir: Hex = "0x00000000000000000000000000000000000000b0";
const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");

type Chain = Devnet["info"]["chains"][number];
type Proof = Finality & { readonly header: { readonly era: number; readonly epoch: number; readonly group: Hex } };
type Health = { readonly mainchain: { readonly state: string }; readonly leaving: object };

let devnet: Devnet;
/** Node ids of those that leave, the first one while it is stopped. */
let leaver = 0;
let second = 0;
let seat = 0;
let before: Proof["header"];
/** What only the leaver has. */
const waiting: Hex[] = [];
/** Transactions so far that only make blocks. */
let beats = 0;

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 6 });
  const { members } = chain();
  [leaver, second] = [members[1]!, members[2]!];
  seat = members.indexOf(leaver);
});
afterAll(() => devnet?.dispose());

const chain = (): Chain => devnet.info.chains[0]!;
const indexOf = (id: number): number => devnet.info.nodes.findIndex((node) => node.id === id);
const nodeOf = (id: number) => devnet.info.nodes[indexOf(id)]!;
const chainFolder = (): string => join(nodeOf(leaver).dataDir, "chains", String(chain().chainId));
const newest = async (url: string): Promise<Proof> => call<Proof>(url, "tributary_getFinality", "latest");
const urlOf = (id: number): string => `${nodeOf(id).rpc}/chains/${chain().chainId}`;

async function tributary(...parameters: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [main, ...parameters], { cwd: root })).stdout;
}

async function receiptOf(id: number, hash: Hex): Promise<object | undefined> {
  return (await call<object | null>(urlOf(id), "eth_getTransactionReceipt", hash)) ?? undefined;
}

async function healthOf(id: number): Promise<Health> {
  return (await (await fetch(`${nodeOf(id).rpc}/health`)).json()) as Health;
}

async function serves(id: number): Promise<boolean> {
  return await call(urlOf(id), "eth_blockNumber").then(
    () => true,
    () => false,
  );
}

/** Until blocks are of a later epoch, by a committee without the node. */
async function replaced(id: number): Promise<void> {
  const { header } = await newest(urlOf(chain().members[0]!));
  await tributary("node", "exit", String(id), "--data", devnet.data, "--json");
  const next = async (): Promise<Proof | undefined> => {
    // The next epoch begins a few heights after its key is there: without transactions these are ten seconds apart.
    await transfers(chain().members[0]!, 3, [beats], 0n).then(
      () => beats++,
      () => undefined,
    );
    if (chain().members.includes(id)) return undefined;
    const proof = await newest(urlOf(chain().members[0]!)).catch(() => undefined);
    return proof !== undefined && proof.header.epoch > header.epoch ? proof : undefined;
  };
  await until(`the epoch after ${header.epoch}`, ROTATION_MS, next, 500);
}

async function transfers(id: number, account: number, nonces: readonly number[], value = ETHER): Promise<Hex[]> {
  const from = privateKeyToAccount(devnet.info.accounts[account]!.privateKey);
  const hashes: Hex[] = [];
  for (const nonce of nonces) {
    const raw = await from.signTransaction({
      ...{ chainId: chain().chainId, nonce, to: heir, value, gas: 21_000n },
      ...{ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n },
    });
    hashes.push(await call<Hex>(urlOf(id), "eth_sendRawTransaction", raw));
  }
  return hashes;
}

/** Whether the leaver's keystore can still sign with a share of the epoch in which it had its seat. */
async function holdsShare(): Promise<boolean> {
  const { dataDir } = nodeOf(leaver);
  const password = new TextEncoder().encode(readFileSync(join(dataDir, "password"), "utf8").trimEnd());
  const keys = await FileVault.open(join(dataDir, "keystore.json"), password);
  const { group, era, epoch } = before;
  return await keys.signCancel({ group, era, epoch }, seat, `0x${"11".repeat(32)}`).then(
    () => true,
    () => false,
  );
}

test("a member acknowledges what nobody else gets to see, and stops", async () => {
  const others = chain().members.filter((id) => id !== leaver);
  before = (await newest(urlOf(leaver))).header;
  for (const id of others) await devnet.killNode(indexOf(id));
  waiting.push(...(await transfers(leaver, 1, [0, 1, 2])));
  await devnet.killNode(indexOf(leaver));
  for (const id of others) await devnet.restartNode(indexOf(id));
  const [hash] = await transfers(others[0]!, 2, [0]);
  await until("a block", 60_000, async () => receiptOf(others[0]!, hash!));
  for (const lost of waiting) expect(await call(urlOf(others[0]!), "eth_getTransactionByHash", lost)).toBeNull();
  expect(await holdsShare()).toBe(true);
});

test("meanwhile it is replaced, its slots are given to others, and the next epoch follows", async () => {
  await replaced(leaver);
  await replaced(second);
  expect(await holdsShare()).toBe(true);
});

test("at its next start it hands on what it acknowledged, erases its share and has left", async () => {
  await devnet.restartNode(indexOf(leaver));
  const [stays] = chain().members;
  for (const hash of waiting) {
    const receipt = await until("its transactions in blocks", 90_000, async () => receiptOf(stays!, hash));
    expect(receipt).toMatchObject({ status: "0x1" });
  }
  await until("the end of its part", 60_000, () => existsSync(join(chainFolder(), "left.json")));
  expect(await holdsShare()).toBe(false);
  await until("its member's end", 20_000, async () => !(await serves(leaver)));
  expect((await healthOf(leaver)).leaving).toEqual({});
});

test("it does not come back to that at another start, and its folder proves a balance", async () => {
  await devnet.killNode(indexOf(leaver));
  await devnet.restartNode(indexOf(leaver));
  await until("the mainchain's word", 30_000, async () => (await healthOf(leaver)).mainchain.state === "following");
  // Its member would run within two looks at the mainchain.
  await sleep(5_000);
  expect(await serves(leaver)).toBe(false);
  const file = join(devnet.data, "proof.json");
  const folder = ["--from-data", nodeOf(leaver).dataDir, "--chain", String(chain().chainId)];
  writeFileSync(file, await tributary("proof", "get", heir, ...folder, "--json"));
  const verified = await tributary("proof", "verify", file, "--data", devnet.data, "--json");
  expect(BigInt((JSON.parse(verified) as { balance: string }).balance)).toBe(parseEther("4"));
});
