// Two of four members lose their disks for good. Nobody does anything: the others ask the mainchain, post what they hold,
// and begin a new era with nodes drawn in the place of the lost ones. Nothing that anyone saw as final is lost.

import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { eraAt, type Finality, signedDigest, verify } from "@tributary/testkit/devnet/outside-verifier";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";

const NODES = 6;
/** As devnets have them; the mainchain's clock is put on by as much. */
const WINDOW_SECONDS = 60;
const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");

type Proof = Finality & { readonly header: { readonly era: number } };
type View = {
  readonly state: string;
  readonly era: number;
  readonly finalHeight: string;
  readonly orderHeight: string;
};

let devnet: Devnet;
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: NODES });
});
afterAll(async () => {
  await devnet?.dispose();
});

const chain = () => devnet.info.chains[0]!;
const indexOf = (id: number): number => devnet.info.nodes.findIndex((node) => node.id === id);
const urlOf = (id: number): string => chain().rpc[chain().members.indexOf(id)]!;
const proofOf = (url: string, block: number | "latest"): Promise<Proof> =>
  call<Proof>(url, "tributary_getFinality", block === "latest" ? block : `0x${block.toString(16)}`);

async function recovery(): Promise<View> {
  const parameters = [main, "chain", "recovery", chain().name, "--data", devnet.data, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: root });
  return JSON.parse(stdout) as View;
}

async function reaches(state: string, seconds: number): Promise<View> {
  return await until(`the Recovery to be ${state}`, seconds * 1_000, async () => {
    const view = await recovery();
    return view.state === state ? view : undefined;
  });
}

/** The mainchain's clock goes on by a window. */
async function pass(): Promise<void> {
  await call(devnet.info.mainchain.rpc, "evm_increaseTime", WINDOW_SECONDS);
}

/** As an operator would who does not want to wait for a quarter of an hour. */
async function impatient(id: number): Promise<void> {
  const file = join(devnet.info.nodes[indexOf(id)]!.dataDir, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...config, recoveryPatience: 10 }));
  await devnet.killNode(indexOf(id));
  await devnet.restartNode(indexOf(id));
  await until(`node ${id} to take part`, 60_000, async () => {
    const { status } = await call<{ status: string }>(urlOf(id), "tributary_status").catch(() => ({ status: "" }));
    return status === "running";
  });
}

test("two of four disks are lost: the chain goes on in a new era, with all that was final", async () => {
  const members = chain().members;
  const survivors = members.slice(0, 2);
  for (const id of survivors) await impatient(id);
  const load = new Load(devnet.info, 0);
  load.start(5);
  await sleep(8_000);
  await load.finish();
  await load.minedCounts(urlOf(survivors[0]!), 60_000);
  const seen = await proofOf(urlOf(members[3]!), "latest");
  for (const id of members.slice(2)) {
    const index = indexOf(id);
    const { dataDir } = devnet.info.nodes[index]!;
    await devnet.killNode(index);
    rmSync(dataDir, { recursive: true });
  }

  await reaches("challenged", 120);
  await pass();
  await reaches("open", 60);
  // Nodes read the mainchain a moment later.
  await until("the survivors to sign nothing more", 30_000, async () => {
    const { status } = await call<{ status: string }>(urlOf(survivors[0]!), "tributary_status");
    return status === "recovery";
  });
  await until("the claims", 60_000, async () => Number((await recovery()).finalHeight) >= seen.blockNumber);
  await sleep(5_000);
  await pass();
  const done = await reaches("done", 240);
  expect(Number(done.finalHeight)).toBeGreaterThanOrEqual(seen.blockNumber);

  const after = new Load(devnet.info, 0);
  const fresh = await until("the new committee", 60_000, async () => {
    const now = chain().members;
    return survivors.every((id) => now.includes(id)) && !members.slice(2).some((id) => now.includes(id)) && now;
  });
  const url = urlOf(fresh.find((id) => !members.includes(id))!);
  after.start(5);
  const newest = await until("blocks of the new era", 120_000, async () => {
    const proof = await proofOf(url, "latest").catch(() => undefined);
    return proof !== undefined && proof.blockNumber > Number(done.orderHeight) + 3 ? proof : undefined;
  });
  expect(newest.header.era).toBe(2);
  // Every height by the key that the mainchain has for it: the new era's from the end of the old one on.
  for (const height of [seen.blockNumber, Number(done.finalHeight), Number(done.finalHeight) + 1, newest.blockNumber]) {
    const { era, groupKey } = await eraAt(devnet.info.mainchain, chain().chainId, height);
    expect(era).toBe(height <= Number(done.finalHeight) ? 1 : 2);
    const proof = await proofOf(url, height);
    expect(verify(groupKey, signedDigest(proof.headerEncoded, era), proof.certificate), `height ${height}`).toBe(true);
  }
  // What was seen as final is what it was.
  expect((await proofOf(url, seen.blockNumber)).blockHash).toBe(seen.blockHash);
  await after.finish();
  const counts = await after.minedCounts(url, 120_000);
  expect(after.acknowledged.filter((hash) => counts.get(hash) !== 1)).toEqual([]);
  for (const hash of load.acknowledged) {
    expect(await call(url, "eth_getTransactionReceipt", hash)).not.toBeNull();
  }
}, 900_000);
