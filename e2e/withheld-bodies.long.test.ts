// A Recovery in which somebody claims an order that nobody else has, and serves nothing of it. The new era cannot go on;
// its members see that, sign nothing more, say that they lack it, and the era after that goes on from what a survivor can
// serve: nothing that anyone may have seen as final is lost.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { accounts, generateChain, recoverChain, seated, TestNode } from "@tributary/node/node.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import { containerHash, decodeContainerHeader } from "@tributary/protocol/container/codec";
import { digest } from "@tributary/protocol/crypto/digest";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import type { OrderClaim, RecoveryClaims } from "@tributary/protocol/ports/recovery-host";
import { toSlot } from "@tributary/protocol/wire/index";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

const chainId = 7601n;
const openings = [`0x${"0a".repeat(32)}`, `0x${"0b".repeat(32)}`] as const;
let root = "";
const nodes: TestNode[] = [];
let first: MemberSpec;
let nonce = 0n;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "withheld-"));
  for (let id = 1; id <= 6; id++) nodes.push(await TestNode.create(id, root));
  for (const node of nodes) await node.start();
  first = await generateChain(nodes.slice(0, 4), chainId);
  for (const node of nodes.slice(0, 4)) await node.process.host.start(seated(first, node));
}, 120_000);

afterAll(async () => {
  for (const node of nodes) await node.process.stop();
  rmSync(root, { recursive: true, force: true });
});

const until = (condition: () => Promise<void>): Promise<void> =>
  vi.waitFor(condition, { timeout: 90_000, interval: 100 });

async function send(node: TestNode): Promise<string> {
  const to = new Uint8Array(20).fill(0xee);
  const raw = signTransaction({ chainId, nonce, to, value: 1n, gasLimit: 21_000n }, accounts[0]!);
  const hash = await node.rpc<string>(chainId, "eth_sendRawTransaction", toHex(raw));
  nonce += 1n;
  return hash;
}

async function mined(node: TestNode, hash: string): Promise<void> {
  await until(async () => {
    expect(await node.rpc(chainId, "eth_getTransactionReceipt", hash)).not.toBeNull();
  });
}

const heightOf = async (node: TestNode): Promise<number> => Number(await node.rpc(chainId, "eth_blockNumber"));
const blockOf = (node: TestNode, block: number): Promise<unknown> =>
  node.rpc(chainId, "eth_getBlockByNumber", `0x${block.toString(16)}`, true);
const orderDigest = ({ era, epoch, height, content }: OrderClaim): `0x${string}` =>
  toHex(digest("order", toSlot({ group: first.group, era, epoch, height }), content));

async function claims(
  node: TestNode,
  era: number,
  enough: (found: RecoveryClaims) => boolean,
): Promise<RecoveryClaims> {
  let found: RecoveryClaims = {};
  await until(async () => {
    found = await node.process.host.claims(chainId, era);
    expect(enough(found)).toBe(true);
  });
  return found;
}

test("an order that nobody serves is given up, and what a survivor holds below it is kept", async () => {
  const [survivor, second, third] = nodes as [TestNode, TestNode, TestNode];
  for (let i = 0; i < 4; i++) await mined(nodes[i % 4]!, await send(nodes[i % 4]!));
  // Two members cannot execute what names a block that they have not seen: heights are ordered, and nothing gets final.
  const hash = `0x${"01".repeat(32)}` as const;
  for (const node of [survivor, second]) node.process.checkpoints.advance([{ number: 1, hash }]);
  // To the one that stays: what only a destroyed disk acknowledged is gone with it.
  const waiting = [await send(survivor), await send(survivor)];
  await until(async () => {
    await send(survivor).catch(() => undefined);
    expect(survivor.process.host.readings()[0]!.ordered).toBeGreaterThan((await heightOf(survivor)) + 1);
  });
  for (const node of [second, third, nodes[3]!]) {
    await node.process.stop();
    rmSync(join(node.folder, "chains"), { recursive: true });
  }
  await survivor.process.host.freeze(chainId, { openingId: openings[0], era: 0 });
  const { final, order } = await claims(survivor, 0, (found) => found.final !== undefined && found.order !== undefined);
  const newest = decodeContainerHeader(final!.container)!;
  expect(order!.height).toBeGreaterThan(newest.height);
  const seen = await Promise.all(Array.from({ length: newest.height }, (_, i) => blockOf(survivor, i + 1)));

  // Somebody who is gone since knew a later order: its certificate is all that there is of it.
  const beginning = {
    finalHeight: newest.height,
    finalHash: containerHash(newest),
    orderHeight: order!.height + 1,
    order: `0x${"5e".repeat(32)}` as const,
  };
  await third.start();
  const committee = [survivor, nodes[4]!, third, nodes[5]!];
  const recovered = await recoverChain(first, committee, beginning);
  for (const node of committee.slice(1)) node.process.checkpoints.advance([{ number: 1, hash }]);
  for (const node of committee) {
    await node.process.host.start(seated(first, node), { epochs: [seated(recovered, node)], joining: [] });
  }
  await until(async () => {
    for (const node of committee) {
      expect(node.process.host.readings()[0]).toMatchObject({ status: "paused", stuck: true, membersUp: 4 });
      expect(node.process.host.quorate(chainId)).toBe(false);
    }
  });
  expect(await heightOf(survivor)).toBe(newest.height);

  // As their agents do once a challenge went unanswered.
  for (const node of committee) await node.process.host.freeze(chainId, { openingId: openings[1], era: 1 });
  for (const node of committee) {
    const { lacking, ...others } = await claims(node, 1, (found) => found.lacking !== undefined);
    expect(others).toEqual({});
    if (node === survivor) expect(lacking?.upTo).toMatchObject({ height: order!.height, era: 0 });
  }
  const { lacking } = await claims(survivor, 1, (found) => found.lacking !== undefined);
  expect(orderDigest(lacking!.upTo!)).toBe(orderDigest(order!));

  // What the contract records where q members say so: contracts/test/manager/LackingOrders.t.sol.
  const lower = { ...beginning, orderHeight: order!.height, order: orderDigest(order!) };
  const last = await recoverChain(recovered, committee, lower);
  for (const node of committee) {
    const epochs = [seated(recovered, node), seated(last, node)];
    await node.process.host.start(seated(first, node), { epochs, joining: [] });
  }
  for (const one of waiting) for (const node of committee) await mined(node, one);
  for (let i = 0; i < 4; i++) await mined(committee[3 - i]!, await send(committee[i]!));
  for (const [index, block] of seen.entries()) expect(await blockOf(nodes[4]!, index + 1)).toEqual(block);
  const proof = await nodes[4]!.rpc<{ certificateEra: number }>(
    chainId,
    "tributary_getFinality",
    `0x${order!.height.toString(16)}`,
  );
  expect(proof.certificateEra).toBe(2);
}, 400_000);
