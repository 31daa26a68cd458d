// A member whose disk forgot: its state differs from the others' in one account. It notices at the first height whose
// result shows it, says so, serves nothing of that state, and comes back by itself with the others'.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeAccount, encodeAccount } from "@tributary/chain/state/account";
import { accountKey } from "@tributary/chain/state/flat-key";
import { fromKey } from "@tributary/chain/store/key";
import { LevelStore } from "@tributary/chain/store/level-store";
import { addressOf, signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { accounts, generateChain, TestNode } from "./node.fixture.ts";

const chainId = 7501n;
const SPOILT = 4;
let root = "";
const nodes: TestNode[] = [];
let spec: MemberSpec;
const nonces = new Map<number, bigint>();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "divergence-e2e-"));
  for (let id = 1; id <= 4; id++) nodes.push(await TestNode.create(id, root));
  for (const node of nodes) await node.start();
  spec = await generateChain(nodes, chainId);
  for (const [seat, node] of nodes.entries()) await node.process.host.start({ ...spec, seat });
});

afterAll(async () => {
  for (const node of nodes) await node.process.stop();
  rmSync(root, { recursive: true, force: true });
});

const until = (condition: () => Promise<void>): Promise<void> =>
  vi.waitFor(condition, { timeout: 60_000, interval: 20 });

async function send(node: TestNode, account: number): Promise<string> {
  const nonce = nonces.get(account) ?? 0n;
  nonces.set(account, nonce + 1n);
  const raw = signTransaction(
    { chainId, nonce, to: new Uint8Array(20).fill(7), value: 1n, gasLimit: 21_000n },
    accounts[account]!,
  );
  return node.rpc<string>(chainId, "eth_sendRawTransaction", toHex(raw));
}

const folderOf = (node: TestNode): string => join(node.folder, "chains", chainId.toString());
const status = (node: TestNode): Promise<Record<string, unknown>> => node.rpc(chainId, "tributary_status");
const balance = (node: TestNode): Promise<string> =>
  node.rpc(chainId, "eth_getBalance", toHex(addressOf(accounts[SPOILT]!)), "latest");

async function mined(node: TestNode, hash: string): Promise<void> {
  await until(async () => {
    expect(await node.rpc(chainId, "eth_getTransactionReceipt", hash)).toMatchObject({ status: "0x1" });
  });
}

/**
 * What a disk would do that returns an old page: one account has another balance, and nothing else tells. No block touched
 * it lately: those a member compares with what it has written of them when it opens its state.
 */
async function spoil(node: TestNode): Promise<void> {
  const store = await LevelStore.open(join(folderOf(node), "chain", "state"));
  const key = fromKey(accountKey(addressOf(accounts[SPOILT]!)));
  const account = decodeAccount(store.get(key) ?? new Uint8Array(0));
  if (account === undefined) throw new Error("the account is there");
  await store.write([{ key, value: encodeAccount({ ...account, balance: account.balance + 1n }) }]);
  await store.close();
}

test("a member whose state differs says so, answers nothing from it, and comes back with the others'", async () => {
  const [first, second, third, fourth] = nodes as [TestNode, TestNode, TestNode, TestNode];
  await mined(first, await send(first, 0));
  await fourth.process.stop();
  await spoil(fourth);
  await fourth.start([spec]);
  await until(async () => expect(await status(fourth)).toMatchObject({ status: "running", divergence: null }));

  const touching = await send(third, SPOILT);
  await until(async () => expect(await status(fourth)).toMatchObject({ status: "diverged", halted: "diverged" }));
  await expect(balance(fourth)).rejects.toThrow("not the chain's");
  await expect(send(fourth, 3)).rejects.toThrow("send to another one");
  nonces.set(3, 0n);
  const { diverged } = JSON.parse(await fourth.get("/health"));
  expect(diverged[chainId.toString()]).toMatchObject({ height: expect.any(Number), own: expect.any(String) });
  expect(await fourth.get("/metrics")).toContain(`tributary_diverged{chain="${chainId}"} 1`);
  expect(fourth.process.host.quorate(chainId)).toBe(false);
  // The others do not notice.
  await mined(first, touching);

  let loaded = true;
  const load = (async () => {
    for (let i = 0; loaded; i++) {
      await send(i % 2 === 0 ? first : second, 1 + (i % 2)).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await until(async () => expect(await status(fourth)).toMatchObject({ status: "running", divergence: null }));
  await mined(first, await send(fourth, 3));
  loaded = false;
  await load;
  expect(await balance(fourth)).toBe(await balance(first));
  expect(JSON.parse(await fourth.get("/health"))).toMatchObject({ diverged: {}, failed: {} });
  expect(existsSync(join(folderOf(fourth), "diverged", "chain", "state"))).toBe(true);

  // Its word counts again, also after a restart: the others are a quorum no more.
  await second.process.stop();
  await mined(fourth, await send(first, 0));
  await fourth.process.stop();
  await fourth.start([spec]);
  await mined(fourth, await send(fourth, 0));
  await until(async () => expect(await balance(first)).toBe(await balance(fourth)));
});
