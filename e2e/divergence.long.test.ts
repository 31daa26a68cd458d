// Disks that return what nobody wrote: one member's state is another than the chain's, then two members', each in its own
// way. Nobody does anything: one comes back with the others' state while the chain goes on; two of four leave no result
// that can become final, so the members ask the mainchain, look through their states, and go on in a new era.

import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { decodeAccount, encodeAccount } from "@tributary/chain/state/account";
import { accountKey } from "@tributary/chain/state/flat-key";
import { fromKey } from "@tributary/chain/store/key";
import { LevelStore } from "@tributary/chain/store/level-store";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { Load } from "@tributary/testkit/devnet/load";
import { sleep, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

/** As devnets have them; the mainchain's clock is put on by as much. */
const WINDOW_SECONDS = 60;
const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");

type Status = {
  readonly status: string;
  readonly height: number;
  readonly divergence: { readonly height: number; readonly results?: readonly unknown[] } | null;
};

let devnet: Devnet;
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
});
afterAll(async () => {
  await devnet?.dispose();
});

const chain = () => devnet.info.chains[0]!;
const nodeOf = (seat: number) => devnet.info.nodes.findIndex(({ id }) => id === chain().members[seat]);
const urlOf = (seat: number): string => chain().rpc[seat]!;
const folderOf = (seat: number): string =>
  join(devnet.info.nodes[nodeOf(seat)]!.dataDir, "chains", String(chain().chainId));
const statusOf = (seat: number): Promise<Status> => call<Status>(urlOf(seat), "tributary_status");
/**
 * Of no client of the load: it touches the spoilt account when the test wants that. One that no block touched lately, since
 * a member compares those with what it has written of them when it opens its state.
 */
const holder = () => devnet.info.accounts[spoilt]!;
let spoilt = 7;
const balanceAt = (seat: number): Promise<string> => call(urlOf(seat), "eth_getBalance", holder().address, "latest");

async function nodeText(seat: number, path: string): Promise<string> {
  return await (await fetch(new URL(path, devnet.info.nodes[nodeOf(seat)]!.rpc))).text();
}

async function touch(seat: number, nonce: number): Promise<`0x${string}`> {
  const raw = await privateKeyToAccount(holder().privateKey).signTransaction({
    chainId: chain().chainId,
    nonce,
    to: `0x${"07".repeat(20)}`,
    value: 1n,
    gas: 21_000n,
    gasPrice: 0n,
  });
  return await call(urlOf(seat), "eth_sendRawTransaction", raw);
}

/** While the node is down, the holder's balance changes on its disk, and it waits no longer than it may for a Recovery. */
async function spoil(seat: number, by: bigint): Promise<void> {
  const file = join(devnet.info.nodes[nodeOf(seat)]!.dataDir, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...config, recoveryPatience: 10 }));
  await devnet.killNode(nodeOf(seat));
  const folder = join(folderOf(seat), "chain", "state");
  // The lock of a killed process goes with its last thread.
  const store = await until("the database to be free", 10_000, () => LevelStore.open(folder).catch(() => undefined));
  const key = fromKey(accountKey(fromHex(holder().address)!));
  const account = decodeAccount(store.get(key) ?? new Uint8Array(0));
  if (account === undefined) throw new Error("the account is there");
  await store.write([{ key, value: encodeAccount({ ...account, balance: account.balance + by }) }]);
  await store.close();
  await devnet.restartNode(nodeOf(seat));
  await runs(seat, 60);
}

async function runs(seat: number, seconds: number): Promise<void> {
  await until(`seat ${seat} to take part`, seconds * 1_000, async () => {
    const found = await statusOf(seat).catch(() => undefined);
    return found?.status === "running" && found.divergence === null;
  });
}

async function mined(seat: number, hash: string, seconds: number): Promise<void> {
  await until(`${hash} at seat ${seat}`, seconds * 1_000, async () => {
    const receipt = await call<{ status: string } | null>(urlOf(seat), "eth_getTransactionReceipt", hash);
    return receipt?.status === "0x1";
  });
}

async function recovery(): Promise<{ readonly state: string; readonly finalHeight: string }> {
  const parameters = [main, "chain", "recovery", chain().name, "--data", devnet.data, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: root });
  return JSON.parse(stdout) as { state: string; finalHeight: string };
}

async function reaches(state: string, seconds: number): Promise<{ readonly finalHeight: string }> {
  return await until(`the Recovery to be ${state}`, seconds * 1_000, async () => {
    const view = await recovery();
    return view.state === state ? view : undefined;
  });
}

async function pass(): Promise<void> {
  await call(devnet.info.mainchain.rpc, "evm_increaseTime", WINDOW_SECONDS);
}

test("one member's state differs, under load: it is named, serves nothing of it, and is whole again", async () => {
  const load = new Load(devnet.info, 0);
  load.start(6);
  await sleep(3_000);
  await spoil(3, 5n);
  const hash = await touch(0, 0);
  await until("the divergence to be counted", 60_000, async () =>
    (await nodeText(3, "/metrics")).includes(`tributary_halts_total{chain="${chain().chainId}",reason="diverged"} 1`),
  );
  await mined(0, hash, 30);
  await runs(3, 120);
  expect(await balanceAt(3)).toBe(await balanceAt(0));
  expect(existsSync(join(folderOf(3), "diverged", "chain", "state"))).toBe(true);
  expect(JSON.parse(await nodeText(3, "/health"))).toMatchObject({ diverged: {}, failed: {} });
  await load.finish();
  const counts = await load.minedCounts(urlOf(0), 60_000);
  expect(load.acknowledged.filter((one) => counts.get(one) !== 1)).toEqual([]);
}, 400_000);

test("two of four differ, each in its own way: the chain says so, asks for a Recovery, and all agree in the next era", async () => {
  spoilt = 8;
  await spoil(2, 7n);
  await spoil(3, 11n);
  for (const seat of [0, 1, 2, 3]) await runs(seat, 60);
  const before = (await statusOf(0)).height;
  const hash = await touch(0, 0);
  for (const seat of [0, 1, 2, 3]) {
    const found = await until(`seat ${seat} to say that results differ`, 60_000, async () => {
      const status = await statusOf(seat).catch(() => undefined);
      return status?.status === "diverged" ? status : undefined;
    });
    expect(found.divergence?.results).toHaveLength(3);
    expect(found.height).toBeGreaterThanOrEqual(before);
  }
  expect(JSON.parse(await nodeText(0, "/health")).diverged[chain().chainId]).toMatchObject({
    results: expect.any(Array),
  });
  // Those that are right still answer; the others do as soon as they have the right state.
  const known = await balanceAt(0);
  for (const seat of [2, 3]) {
    await until(`seat ${seat} to be whole`, 120_000, async () => {
      const answer = await balanceAt(seat).catch(() => undefined);
      return existsSync(join(folderOf(seat), "diverged", "chain", "state")) && answer === known;
    });
  }
  expect(await call(urlOf(1), "eth_getTransactionReceipt", hash)).toBeNull();

  await reaches("challenged", 120);
  await pass();
  await reaches("open", 60);
  await until("the members to sign nothing more", 30_000, async () => (await statusOf(0)).status === "recovery");
  await until("the claims", 60_000, async () => Number((await recovery()).finalHeight) >= before);
  await sleep(5_000);
  await pass();
  await reaches("done", 240);
  for (const seat of [0, 1, 2, 3]) await mined(seat, hash, 120);
  for (const seat of [0, 1, 2, 3]) {
    await runs(seat, 60);
    expect(BigInt(await balanceAt(seat))).toBe(BigInt(known) - 1n);
  }
  const after = await touch(3, 1);
  for (const seat of [0, 1, 2, 3]) await mined(seat, after, 60);
}, 900_000);
