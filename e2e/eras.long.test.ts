// A healthy chain changes its group key by schedule, under load: blocks go on, nothing is lost, and a verifier that knows
// only the manager contract checks every height of both eras.

import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { renewalsAbi } from "@tributary/contracts/abi/renewals.generated";
import { FileVault } from "@tributary/node/vault/file-vault";
import { BlockWatch } from "@tributary/testkit/devnet/block-watch";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { type Era, eraAt, type Finality, signedDigest, verify } from "@tributary/testkit/devnet/outside-verifier";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { concatHex, encodeFunctionData, keccak256, toHex } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";

const NODES = 6;
/** Deploys the devnet's contracts and holds their roles. */
const ADMIN = "0xE77478D9E136D3643cFc6fef578Abf63F9Ab91B1";
const RENEWAL_MS = 180_000;
/** As devnets have them; the mainchain's clock is put on by as much. */
const WINDOW_SECONDS = 60;
const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");

type Proof = Finality & { readonly header: { readonly era: number; readonly group: `0x${string}` } };
type Eras = {
  readonly eras: readonly {
    readonly era: number;
    readonly groupKey: string;
    readonly firstHeight?: number;
    readonly signature?: `0x${string}`;
  }[];
  readonly renewal: string;
};
type Recovery = { readonly state: string; readonly finalHeight: string; readonly orderHeight: string };

let devnet: Devnet;
let copies: string;
let blocks: BlockWatch;

beforeAll(async () => {
  copies = mkdtempSync(join(tmpdir(), "tributary-eras-"));
  devnet = await Devnet.start({ nodes: NODES });
  const urls = chain().rpc;
  blocks = new BlockWatch(() => urls);
});
afterAll(async () => {
  await blocks?.stop();
  await devnet?.dispose();
  rmSync(copies, { recursive: true, force: true });
});

const chain = () => devnet.info.chains[0]!;
const indexOf = (id: number): number => devnet.info.nodes.findIndex((node) => node.id === id);
const dataOf = (id: number): string => devnet.info.nodes[indexOf(id)]!.dataDir;
const logOf = (id: number): string => readFileSync(join(dataOf(id), "node.log"), "utf8");
const urlOf = (id: number): string => chain().rpc[chain().members.indexOf(id)]!;
const proofOf = (url: string, block: number | "latest"): Promise<Proof> =>
  call<Proof>(url, "tributary_getFinality", block === "latest" ? block : `0x${block.toString(16)}`);

async function tributary<T>(...parameters: readonly string[]): Promise<T> {
  const all = [main, ...parameters, "--data", devnet.data, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, all, { cwd: root });
  return JSON.parse(stdout) as T;
}

const eras = (): Promise<Eras> => tributary<Eras>("chain", "eras", chain().name);

/** Has the key renewed now, by a period that is short for a moment. */
async function renew(): Promise<Eras> {
  await setPeriod(1);
  const begun = await tributary<Eras>("chain", "renew", chain().name);
  await setPeriod(90 * 86_400);
  return begun;
}

/** By role, as the parameter is changed on any network. */
async function setPeriod(period: number): Promise<void> {
  const { rpc, contracts } = devnet.info.mainchain;
  const data = encodeFunctionData({ abi: renewalsAbi, functionName: "setParameters", args: [{ period, pause: 1 }] });
  await call(rpc, "anvil_impersonateAccount", ADMIN);
  const hash = await call<string>(rpc, "eth_sendTransaction", { from: ADMIN, to: contracts["Renewals"], data });
  const receipt = await until("the other period", 30_000, async () => {
    const found = await call<{ status: string } | null>(rpc, "eth_getTransactionReceipt", hash);
    return found ?? undefined;
  });
  expect(receipt.status).toBe("0x1");
  await call(rpc, "anvil_stopImpersonatingAccount", ADMIN);
}

/** The first height of the newest era, once the mainchain knows it. */
async function shown(era: number): Promise<number> {
  return await until(`era ${era} to be shown`, RENEWAL_MS, async () => {
    const { eras: list, renewal } = await eras();
    return renewal === "idle" ? list.find((one) => one.era === era)?.firstHeight : undefined;
  });
}

/** Every height from `first` to `last` by the key that the mainchain has for it, and for no other. */
async function verifyAll(url: string, first: number, last: number): Promise<void> {
  const known = new Map<number, Era>();
  for (let height = first; height <= last; height++) {
    const covering = await eraAt(devnet.info.mainchain, chain().chainId, height);
    known.set(covering.era, covering);
    const { headerEncoded, certificate, blockNumber } = await proofOf(url, height);
    expect(blockNumber).toBe(height);
    const good = verify(covering.groupKey, signedDigest(headerEncoded, covering.era), certificate);
    expect(good, `height ${height} in era ${covering.era}`).toBe(true);
  }
  console.log(`verified heights ${first} to ${last}, of eras ${[...known.keys()].join(", ")}`);
}

/** A copy of a node's keystore as it is now, opened. */
async function keystoreOf(id: number): Promise<FileVault> {
  const file = join(copies, `keystore-${id}-${Date.now()}.json`);
  copyFileSync(join(dataOf(id), "keystore.json"), file);
  const password = readFileSync(join(dataOf(id), "password"), "utf8").trimEnd();
  return await FileVault.open(file, new TextEncoder().encode(password));
}

test("under load the chain goes over to a fresh key, though a member is killed in the middle", async () => {
  const load = new Load(devnet.info, 0);
  load.start(6);
  const members = chain().members;
  const [stays, victim] = [members[0]!, members[2]!];
  const { header } = await proofOf(urlOf(stays), "latest");
  const old = { group: header.group, era: 1, epoch: 1 };
  const before = await keystoreOf(stays);
  await before.signReady(old, members.indexOf(stays), members, 0b1111n);

  const begun = await renew();
  expect(begun.renewal).toBe("generating");
  await devnet.killNode(indexOf(victim));
  await sleep(1_000);
  await devnet.restartNode(indexOf(victim));
  const first = await shown(2);
  console.log(`era 2 begins at height ${first}`);
  for (const id of members) {
    await until(`node ${id} to go over`, 60_000, async () => (await proofOf(urlOf(id), "latest")).header.era === 2);
    // The share is erased a moment later. A node that was started again logs elsewhere.
    if (id === victim) continue;
    await until(`node ${id} to say so`, 60_000, async () => /"era":2.*the next epoch begins/.test(logOf(id)));
  }
  const newest = await until("heights of the new era", 60_000, async () => {
    const proof = await proofOf(urlOf(victim), "latest");
    return proof.blockNumber > first + 20 ? proof.blockNumber : undefined;
  });
  await load.finish();
  console.log(`longest time without a block: ${blocks.longest.gap} ms, before height ${blocks.longest.height}`);
  const { mainchain } = devnet.info;
  const [last, next] = [
    await eraAt(mainchain, chain().chainId, first - 1),
    await eraAt(mainchain, chain().chainId, first),
  ];
  expect([last.era, Number(last.lastHeight), next.era, Number(next.lastHeight)]).toEqual([1, first - 1, 2, 0]);
  expect(next.groupKey).not.toBe(last.groupKey);
  await verifyAll(urlOf(victim), 1, newest);
  const counts = await load.minedCounts(urlOf(stays), 60_000);
  expect(load.acknowledged.length).toBeGreaterThan(30);
  expect(load.acknowledged.filter((hash) => counts.get(hash) !== 1)).toEqual([]);

  // The share is gone, and the key that made it is believed no more above the border.
  const after = await keystoreOf(stays);
  await expect(after.signReady(old, members.indexOf(stays), members, 0b1111n)).rejects.toMatchObject({
    code: "vault-share",
  });
  // A verifier that cannot read the mainchain has the old key's word for the new one.
  const { signature } = (await tributary<Eras>("chain", "eras", chain().name, "--signed")).eras[1]!;
  const tag = keccak256(toHex("tributary/v1/era"));
  const slot = concatHex([header.group, toHex(1, { size: 4 }), toHex(0, { size: 4 }), toHex(first, { size: 8 })]);
  const signed = keccak256(concatHex([tag, slot, toHex(2, { size: 4 }), next.groupKey]));
  expect(verify(last.groupKey, signed, signature!)).toBe(true);
  const { headerEncoded, certificate } = await proofOf(urlOf(stays), first);
  expect(verify(last.groupKey, signedDigest(headerEncoded, 1), certificate)).toBe(false);
}, 600_000);

test("everything is killed and started again: the chain goes on in its era, and renews its key once more", async () => {
  const before = await proofOf(chain().rpc[0]!, "latest");
  await devnet.crash();
  await devnet.launch();
  const load = new Load(devnet.info, 0);
  load.start(5);
  await until("new blocks", 60_000, async () => {
    const proof = await proofOf(chain().rpc[0]!, "latest").catch(() => undefined);
    return proof !== undefined && proof.blockNumber > before.blockNumber + 5 && proof.header.era === 2;
  });
  await renew();
  const first = await shown(3);
  const newest = await until("heights of the third era", 60_000, async () => {
    const { blockNumber } = await proofOf(chain().rpc[1]!, "latest");
    return blockNumber > first + 5 ? blockNumber : undefined;
  });
  await load.finish();
  await verifyAll(chain().rpc[1]!, Math.max(1, first - 30), newest);
  const counts = await load.minedCounts(chain().rpc[1]!, 60_000);
  expect(load.acknowledged.filter((hash) => counts.get(hash) !== 1)).toEqual([]);
}, 600_000);

/** As an operator would who does not want to wait for a quarter of an hour. */
async function impatient(id: number): Promise<void> {
  const file = join(dataOf(id), "config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...config, recoveryPatience: 10 }));
  await devnet.killNode(indexOf(id));
  await devnet.restartNode(indexOf(id));
  await until(`node ${id} to take part`, 60_000, async () => {
    const { status } = await call<{ status: string }>(urlOf(id), "tributary_status").catch(() => ({ status: "" }));
    return status === "running";
  });
}

async function reaches(state: string, seconds: number): Promise<Recovery> {
  return await until(`the Recovery to be ${state}`, seconds * 1_000, async () => {
    const view = await tributary<Recovery>("chain", "recovery", chain().name);
    return view.state === state ? view : undefined;
  });
}

/** The mainchain's clock goes on by a window. */
async function pass(): Promise<void> {
  await call(devnet.info.mainchain.rpc, "evm_increaseTime", WINDOW_SECONDS);
}

test("two of four disks are lost after that: a Recovery ends the third era where it was final", async () => {
  const members = chain().members;
  const survivors = members.slice(0, 2);
  for (const id of survivors) await impatient(id);
  const seen = await proofOf(urlOf(members[3]!), "latest");
  expect(seen.header.era).toBe(3);
  for (const id of members.slice(2)) {
    const dataDir = dataOf(id);
    await devnet.killNode(indexOf(id));
    rmSync(dataDir, { recursive: true });
  }
  await reaches("challenged", 180);
  await pass();
  await reaches("open", 90);
  await until("the claims", 90_000, async () => {
    const { finalHeight } = await tributary<Recovery>("chain", "recovery", chain().name);
    return Number(finalHeight) >= seen.blockNumber;
  });
  await sleep(5_000);
  await pass();
  const done = await reaches("done", 300);
  const fresh = await until("the new committee", 60_000, async () => {
    const now = chain().members;
    return survivors.every((id) => now.includes(id)) && !members.slice(2).some((id) => now.includes(id)) && now;
  });
  // An empty node followed three eras, one by one, to get there.
  const url = urlOf(fresh.find((id) => !members.includes(id))!);
  const load = new Load(devnet.info, 0);
  load.start(5);
  const newest = await until("blocks of the fourth era", 120_000, async () => {
    const proof = await proofOf(url, "latest").catch(() => undefined);
    return proof !== undefined && proof.blockNumber > Number(done.orderHeight) + 3 ? proof : undefined;
  });
  expect(newest.header.era).toBe(4);
  await load.finish();
  const last = await eraAt(devnet.info.mainchain, chain().chainId, Number(done.finalHeight));
  expect([last.era, Number(last.lastHeight)]).toEqual([3, Number(done.finalHeight)]);
  await verifyAll(url, Math.max(1, Number(last.firstHeight) - 10), newest.blockNumber);
  expect((await proofOf(url, seen.blockNumber)).blockHash).toBe(seen.blockHash);
  const counts = await load.minedCounts(url, 120_000);
  expect(load.acknowledged.filter((hash) => counts.get(hash) !== 1)).toEqual([]);
}, 900_000);
