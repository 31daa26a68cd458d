// Chains that never had a final height: all disks are lost right after the key was generated, or more than f before
// height 1 is final. A Recovery gives each a new key, from the genesis on, and keeps what was ordered.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { accounts, generateChain, recoverChain, seated, TestNode } from "@tributary/node/node.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import { digest } from "@tributary/protocol/crypto/digest";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import type { RecoveryClaims } from "@tributary/protocol/ports/recovery-host";
import { toSlot } from "@tributary/protocol/wire/index";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

const openingId = `0x${"0a".repeat(32)}` as const;
/** As the contract says it of a genesis. */
const zero = `0x${"00".repeat(32)}` as const;
const genesis = { finalHeight: 0, finalHash: zero, orderHeight: 0, order: zero } as const;
let root = "";
const nodes: TestNode[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "from-genesis-"));
  for (let id = 1; id <= 4; id++) nodes.push(await TestNode.create(id, root));
  for (const node of nodes) await node.start();
}, 120_000);

afterAll(async () => {
  for (const node of nodes) await node.process.stop();
  rmSync(root, { recursive: true, force: true });
});

const until = (condition: () => Promise<void>): Promise<void> =>
  vi.waitFor(condition, { timeout: 90_000, interval: 100 });

async function send({ chainId }: MemberSpec, node: TestNode, nonce: bigint): Promise<string> {
  const to = new Uint8Array(20).fill(0xee);
  const raw = signTransaction({ chainId, nonce, to, value: 1n, gasLimit: 21_000n }, accounts[0]!);
  return await node.rpc<string>(chainId, "eth_sendRawTransaction", toHex(raw));
}

async function mined({ chainId }: MemberSpec, hash: string): Promise<void> {
  for (const node of nodes) {
    await until(async () => {
      expect(await node.rpc(chainId, "eth_getTransactionReceipt", hash)).not.toBeNull();
    });
  }
}

async function eraOf({ chainId }: MemberSpec, block: number): Promise<number> {
  const proof = await nodes[0]!.rpc<{ certificateEra: number }>(
    chainId,
    "tributary_getFinality",
    `0x${block.toString(16)}`,
  );
  return proof.certificateEra;
}

async function start(first: MemberSpec, later: MemberSpec, among: readonly TestNode[]): Promise<void> {
  for (const node of among) {
    await node.process.host.start(seated(first, node), { epochs: [seated(later, node)], joining: [] });
  }
}

test("all disks are lost right after the key was generated", async () => {
  const first = await generateChain(nodes, 7701n);
  for (const node of nodes) await node.process.host.start(seated(first, node));
  for (const node of nodes) {
    await node.process.stop();
    rmSync(join(node.folder, "chains"), { recursive: true });
    await node.start();
  }
  const second = await recoverChain(first, nodes, genesis);
  await start(first, second, nodes);
  await mined(first, await send(first, nodes[0]!, 0n));
  expect(await eraOf(first, 1)).toBe(1);
  // What is on disk now says where a restart goes on.
  for (const node of nodes) {
    await node.process.stop();
    await node.start();
  }
  await start(first, second, nodes);
  await mined(first, await send(first, nodes[1]!, 1n));
}, 300_000);

test("more than f disks are lost before anything is final: what was ordered stays", async () => {
  const first = await generateChain(nodes, 7702n);
  for (const node of nodes) await node.process.host.start(seated(first, node));
  const hash = `0x${"01".repeat(32)}` as const;
  const survivors = nodes.slice(0, 2);
  for (const node of survivors) node.process.checkpoints.advance([{ number: 1, hash }]);
  const reading = (node: TestNode) => node.process.host.readings().find(({ chain }) => chain === "7702")!;
  const waiting = await send(first, nodes[0]!, 0n);
  await until(async () => {
    expect(reading(nodes[0]!).ordered).toBeGreaterThan(0);
    expect(reading(nodes[0]!).mempool.transactions).toBeGreaterThan(0);
  });
  expect(reading(nodes[0]!).height).toBe(0);
  for (const node of nodes.slice(2)) {
    await node.process.stop();
    rmSync(join(node.folder, "chains"), { recursive: true });
    await node.start();
  }
  const found: RecoveryClaims[] = [];
  for (const node of survivors) {
    await node.process.host.freeze(7702n, { openingId, era: 0 });
    await until(async () => {
      const claims = await node.process.host.claims(7702n, 0);
      expect(claims.order).toBeDefined();
      found.push(claims);
    });
  }
  const order = found.map((claims) => claims.order!).reduce((a, b) => (a.height < b.height ? b : a));
  expect(found.map(({ final }) => final)).toEqual([undefined, undefined]);
  const { height, epoch, content } = order;
  const signed = digest("order", toSlot({ group: first.group, era: 0, epoch, height }), content);
  const second = await recoverChain(first, nodes, { ...genesis, orderHeight: height, order: toHex(signed) });
  for (const node of nodes) node.process.checkpoints.advance([{ number: 1, hash }]);
  await start(first, second, nodes);
  await mined(first, waiting);
  await mined(first, await send(first, nodes[3]!, 1n));
  expect(await eraOf(first, 1)).toBe(1);
}, 300_000);
