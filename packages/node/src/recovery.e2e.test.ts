// Two of four disks are destroyed while heights are ordered and not final. What the survivors post begins a new era, with
// two empty nodes, and everything that was final or ordered is found at its height, under its hash.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import { decodeContainerHeader } from "@tributary/protocol/container/codec";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { digest } from "@tributary/protocol/crypto/digest";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import type { FinalClaim, OrderClaim } from "@tributary/protocol/ports/recovery-host";
import { finalDigest, toSlot } from "@tributary/protocol/wire/index";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { accounts, bytesOf, generateChain, recoverChain, seated, TestNode } from "./node.fixture.ts";

type Finality = {
  readonly header: ContainerHeader;
  readonly headerHash: `0x${string}`;
  readonly certificate: `0x${string}`;
  readonly certificateEra: number;
};

const chainId = 7401n;
const openingId = `0x${"0e".repeat(32)}` as const;
let root = "";
const nodes: TestNode[] = [];
let first: MemberSpec;
let nonce = 0n;
/** Hashes of sent transactions. */
const sent: string[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "recovery-e2e-"));
  for (let id = 1; id <= 6; id++) nodes.push(await TestNode.create(id, root));
  for (const node of nodes) await node.start();
  first = await generateChain(nodes.slice(0, 4), chainId);
  for (const node of nodes.slice(0, 4)) await node.process.host.start(seated(first, node));
});

afterAll(async () => {
  for (const node of nodes) await node.process.stop();
  rmSync(root, { recursive: true, force: true });
});

const until = (condition: () => Promise<void>): Promise<void> =>
  vi.waitFor(condition, { timeout: 60_000, interval: 50 });

async function send(node: TestNode): Promise<string> {
  const to = new Uint8Array(20).fill(0xee);
  const raw = signTransaction({ chainId, nonce, to, value: 1n, gasLimit: 21_000n }, accounts[0]!);
  nonce += 1n;
  const hash = await node.rpc<string>(chainId, "eth_sendRawTransaction", toHex(raw));
  sent.push(hash);
  return hash;
}

async function mined(node: TestNode, hash: string): Promise<number> {
  let block = 0;
  await until(async () => {
    const receipt = await node.rpc<{ blockNumber: string } | null>(chainId, "eth_getTransactionReceipt", hash);
    expect(receipt).not.toBeNull();
    block = Number(receipt!.blockNumber);
  });
  return block;
}

const heightOf = async (node: TestNode): Promise<number> => Number(await node.rpc(chainId, "eth_blockNumber"));
const finalityOf = (node: TestNode, block: number): Promise<Finality> =>
  node.rpc<Finality>(chainId, "tributary_getFinality", `0x${block.toString(16)}`);
const blockOf = (node: TestNode, block: number): Promise<{ hash: string } | null> =>
  node.rpc(chainId, "eth_getBlockByNumber", `0x${block.toString(16)}`, true);

/** What the contract would record. */
async function recorded(survivors: readonly TestNode[]): Promise<{ final: FinalClaim; order: OrderClaim }> {
  let final: FinalClaim | undefined;
  let order: OrderClaim | undefined;
  for (const node of survivors) {
    let claims = await node.process.host.claims(chainId, 0);
    await until(async () => {
      claims = await node.process.host.claims(chainId, 0);
      expect(claims.final).toBeDefined();
    });
    if ((claims.final?.height ?? 0) > (final?.height ?? 0)) final = claims.final;
    if ((claims.order?.height ?? 0) > (order?.height ?? 0)) order = claims.order;
  }
  return { final: final!, order: order! };
}

test("more than f disks are destroyed: a new era goes on with all that was final or ordered", async () => {
  const survivors = nodes.slice(0, 2);
  const lost = nodes.slice(2, 4);
  const fresh = nodes.slice(4);
  for (let i = 0; i < 4; i++) await mined(nodes[i % 4]!, await send(nodes[i % 4]!));
  // Two members have not seen the mainchain's block that orders name now: they order on and execute nothing, so that
  // nothing gets final.
  const hash = `0x${"01".repeat(32)}` as const;
  for (const node of survivors) node.process.checkpoints.advance([{ number: 1, hash }]);
  const final = await heightOf(nodes[0]!);
  const waiting = [await send(nodes[0]!), await send(nodes[1]!)];
  await until(async () => {
    await send(nodes[0]!).catch(() => undefined);
    expect(nodes[0]!.process.host.readings()[0]!.ordered).toBeGreaterThan((await heightOf(nodes[0]!)) + 1);
  });
  for (const node of lost) {
    await node.process.stop();
    rmSync(join(node.folder, "chains"), { recursive: true });
  }
  for (const node of survivors) expect(await node.process.host.claims(chainId, 0)).toEqual({});
  for (const node of survivors) await node.process.host.freeze(chainId, { openingId, era: 0 });
  const claims = await recorded(survivors);
  expect(claims.final.height).toBeGreaterThanOrEqual(final);
  expect(claims.order.height).toBeGreaterThan(claims.final.height);
  const status = await nodes[0]!.rpc<{ status: string }>(chainId, "tributary_status");
  expect(status.status).toBe("recovery");
  const seen = await Promise.all(Array.from({ length: claims.final.height }, (_, i) => blockOf(nodes[0]!, i + 1)));

  // Nobody posted the last final height, as if whoever held it had been away: it was final all the same.
  const newest = decodeContainerHeader(claims.final.container)!;
  const { height, epoch, content } = claims.order;
  const beginning = {
    finalHeight: newest.height - 1,
    finalHash: newest.parent,
    orderHeight: height,
    order: toHex(digest("order", toSlot({ group: first.group, era: 0, epoch, height }), content)),
  };
  // One survivor has no seat any more, and one of those whose disks were destroyed is back with an empty one.
  await lost[0]!.start();
  const committee = [survivors[0]!, fresh[0]!, lost[0]!, fresh[1]!];
  const second = await recoverChain(first, committee, beginning);
  for (const node of committee.slice(1)) node.process.checkpoints.advance([{ number: 1, hash }]);
  const later = (node: TestNode) => ({ epochs: [seated(second, node)], joining: [] });
  for (const node of [survivors[1]!, ...committee]) await node.process.host.start(seated(first, node), later(node));
  for (const one of waiting) await mined(fresh[0]!, one);
  let last = 0;
  for (let i = 0; i < 4; i++) last = await mined(committee[3 - i]!, await send(committee[i % 2]!));
  expect(last).toBeGreaterThan(height);

  for (const [index, block] of seen.entries()) expect(await blockOf(fresh[1]!, index + 1)).toEqual(block);
  const keys = [first, second].map((spec) => BlsPublicKey.fromBytes(bytesOf(spec.groupPublicKey))!);
  // By the key that the mainchain has for the height, at one of those that were there before and one that was not.
  for (const node of [survivors[1]!, fresh[0]!]) {
    await mined(node, sent.at(-1)!);
    for (let at = Math.max(1, beginning.finalHeight - 1); at <= last; at++) {
      const { header, headerHash, certificate, certificateEra: era } = await finalityOf(node, at);
      expect(era, `height ${at}`).toBe(at <= beginning.finalHeight ? 0 : 1);
      expect(header.era, `height ${at}`).toBe(at <= height ? 0 : 1);
      const signed = finalDigest({ group: first.group, era, epoch: header.epoch, height: at }, headerHash);
      expect(keys[era]!.verify(signed, bytesOf(certificate)), `height ${at}`).toBe(true);
    }
  }
  // With one of the new ones away all others are needed, and one of them was restarted.
  await survivors[0]!.process.stop();
  await survivors[0]!.start();
  survivors[0]!.process.checkpoints.advance([{ number: 1, hash }]);
  await survivors[0]!.process.host.start(seated(first, survivors[0]!), later(survivors[0]!));
  await fresh[1]!.process.stop();
  last = await mined(survivors[0]!, await send(fresh[0]!));
  for (const one of sent) expect(await mined(survivors[0]!, one)).toBeLessThanOrEqual(last + 2);
});
