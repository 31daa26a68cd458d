import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeAccount, encodeAccount } from "@tributary/chain/state/account";
import { accountKey } from "@tributary/chain/state/flat-key";
import { fromKey } from "@tributary/chain/store/key";
import { LevelStore } from "@tributary/chain/store/level-store";
import { addressOf, signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { accounts, generateChain, TestNode } from "@tributary/node/node.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

const chainId = 7101n;
/** Accounts that nothing touches after genesis. */
const idle: readonly Uint8Array[] = Array.from({ length: 4_000 }, (_, i) =>
  keccak256(new TextEncoder().encode(`idle ${i}`)).slice(12),
);
const LAG = 12;
/** Heights that the others are ahead: more than a member executes before it looks whether to fetch a snapshot. */
const AHEAD = 150;
let root = "";
const nodes: TestNode[] = [];
let spec: MemberSpec;
const nonces = new Map<number, bigint>();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "snapshot-"));
  for (let id = 1; id <= 4; id++) nodes.push(await TestNode.create(id, root));
  for (const node of nodes) await node.start();
  const funded = [...accounts.map(addressOf), ...idle];
  const allocation = funded.map((address) => ({ address: toHex(address), balance: 10n ** 24n }));
  spec = { ...(await generateChain(nodes, chainId, { allocation })), slots: 16 };
  for (const [seat, node] of nodes.entries()) await node.process.host.start({ ...spec, seat });
});

afterAll(async () => {
  for (const node of nodes) await node.process.stop();
  rmSync(root, { recursive: true, force: true });
});

const until = (condition: () => Promise<void>): Promise<void> =>
  vi.waitFor(condition, { timeout: 60_000, interval: 50 });

/** Sends a transfer to the node; the hash that it acknowledged. */
async function send(node: TestNode, account: number): Promise<string> {
  const nonce = nonces.get(account) ?? 0n;
  nonces.set(account, nonce + 1n);
  const key = accounts[account] ?? new Uint8Array(32);
  const raw = signTransaction({ chainId, nonce, to: new Uint8Array(20).fill(7), value: 1n, gasLimit: 21_000n }, key);
  return node.rpc<string>(chainId, "eth_sendRawTransaction", toHex(raw));
}

const height = async (node: TestNode): Promise<number> => Number(await node.rpc<string>(chainId, "eth_blockNumber"));

/** What a disk would do that forgets: the node notices only when it reads these accounts. */
async function spoil(node: TestNode): Promise<void> {
  const store = await LevelStore.open(join(node.folder, "chains", chainId.toString(), "chain", "state"));
  for (const address of idle) {
    const key = fromKey(accountKey(address));
    const account = decodeAccount(store.get(key) ?? new Uint8Array(0));
    if (account === undefined) throw new Error("the account is there");
    await store.write([{ key, value: encodeAccount({ ...account, balance: account.balance + 1n }) }]);
  }
  await store.close();
}

test("an emptied member joins by a snapshot under load, though a member serves bad buckets, and takes part", async () => {
  const [first, second, third, fourth] = nodes as [TestNode, TestNode, TestNode, TestNode];
  await fourth.process.stop();
  // Its record of what it said too: it has to hear first where the others are.
  rmSync(join(fourth.folder, "chains", chainId.toString()), { recursive: true });
  await second.process.stop();
  await spoil(second);
  await second.start([spec]);

  let loaded = true;
  const load = (async () => {
    for (let i = 0; loaded; i++) {
      // A node that is stopped when the test has failed answers no more.
      await send(i % 2 === 0 ? first : third, i % 2).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await until(async () => expect(await height(first)).toBeGreaterThan(AHEAD));
  fourth.joinLag = LAG;
  await fourth.start([spec]);
  await until(async () => {
    const earliest = await fourth.rpc<{ number: string }>(chainId, "eth_getBlockByNumber", "earliest", false);
    expect(Number(earliest.number)).toBeGreaterThan(AHEAD);
  });
  await until(async () =>
    expect(await fourth.rpc(chainId, "tributary_status")).toMatchObject({ status: "running", membersUp: 4 }),
  );
  loaded = false;
  await load;
  // Whom it asks is chance; that a liar is named when asked is shown in snapshot-download.test.ts.
  const named = JSON.parse(await fourth.get("/health")).falseSnapshots;
  expect([{}, { [chainId.toString()]: [second.nodeId] }]).toContainEqual(named);
  await expect(fourth.rpc(chainId, "eth_getBlockByNumber", "0x1", false)).rejects.toThrow("4444 pruned history");
  await expect(fourth.rpc(chainId, "eth_getLogs", { fromBlock: "0x1", toBlock: "0x2" })).rejects.toThrow(
    "4444 pruned history",
  );

  // Its votes count: with the spoilt one away, the three make blocks.
  await second.process.stop();
  const hash = await send(fourth, 2);
  await until(async () => {
    for (const node of [first, third, fourth]) {
      expect(await node.rpc(chainId, "eth_getTransactionReceipt", hash)).toMatchObject({ status: "0x1" });
    }
  });
  const last = `0x${(await height(fourth)).toString(16)}`;
  await until(async () => expect(await height(first)).toBeGreaterThanOrEqual(Number(last)));
  const blocks = await Promise.all(
    [first, third, fourth].map((node) => node.rpc(chainId, "eth_getBlockByNumber", last, false)),
  );
  for (const block of blocks) expect(block).toEqual(blocks[0]);
  for (const address of [idle[0], idle[3_999]]) {
    expect(await fourth.rpc(chainId, "eth_getBalance", toHex(address ?? new Uint8Array(20)), "latest")).toBe(
      `0x${(10n ** 24n).toString(16)}`,
    );
  }
});
