// Epochs follow one another under load: one member leaves, one comes, everybody's share is replaced, and blocks go on.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { stoppedProof } from "@tributary/node/host/stopped-proof";
import { accounts, bytesOf, generateChain, reshareChain, seated, TestNode } from "@tributary/node/node.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import { quorum } from "@tributary/protocol/quorum";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

type Receipt = { readonly blockNumber: string; readonly blockHash: string } | null;

const chainId = 7301n;
let root = "";
const nodes: TestNode[] = [];
let first: MemberSpec;
const epochs: MemberSpec[] = [];
let checkpoint = 1;
/** Account that sends, and the next nonces of accounts. */
let sender = 0;
const nonces = [0n, 0n];
/** Nodes that are stopped meanwhile. */
const away = new Set<TestNode>();

/** One block of a mainchain that all nodes see. */
function mainchainBlock(): number {
  checkpoint += 1;
  const hash = `0x${checkpoint.toString(16).padStart(64, "0")}` as const;
  for (const node of nodes) node.process.checkpoints.advance([{ number: checkpoint, hash }]);
  return checkpoint;
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "handover-"));
  for (let id = 1; id <= 5; id++) nodes.push(await TestNode.create(id, root));
  for (const node of nodes) await node.start();
  first = await generateChain(nodes.slice(0, 4), chainId);
  for (const node of nodes.slice(0, 4)) await node.process.host.start(seated(first, node));
  mainchainBlock();
});

afterAll(async () => {
  for (const node of nodes) await node.process.stop();
  rmSync(root, { recursive: true, force: true });
});

const until = (condition: () => Promise<void>): Promise<void> =>
  vi.waitFor(condition, { timeout: 60_000, interval: 50 });

async function send(node: TestNode): Promise<string> {
  const to = new Uint8Array(20).fill(0xee);
  const nonce = nonces[sender]!;
  const raw = signTransaction({ chainId, nonce, to, value: 1n, gasLimit: 21_000n }, accounts[sender]!);
  nonces[sender] = nonce + 1n;
  let hash = "";
  // A node that is to join takes transactions when it has its seat, and that may be a moment after the others.
  await until(async () => {
    hash = await node.rpc<string>(chainId, "eth_sendRawTransaction", toHex(raw));
  });
  return hash;
}

async function mined(node: TestNode, hash: string): Promise<number> {
  let receipt: Receipt = null;
  await until(async () => {
    receipt = await node.rpc<Receipt>(chainId, "eth_getTransactionReceipt", hash);
    expect(receipt).not.toBeNull();
  });
  return Number(receipt!.blockNumber);
}

async function headerOf(node: TestNode, block: number): Promise<ContainerHeader> {
  const name = `0x${block.toString(16)}`;
  return (await node.rpc<{ header: ContainerHeader }>(chainId, "tributary_getFinality", name)).header;
}

const newest = (): MemberSpec => epochs.at(-1) ?? first;
const nodesOf = (spec: MemberSpec): TestNode[] =>
  spec.members.map(({ nodeId }) => nodes.find((node) => node.nodeId === nodeId)!);

async function tell(joining: readonly TestNode[] = []): Promise<void> {
  const members = joining.map((node, seat) => node.record(seat));
  for (const node of new Set([...nodesOf(first), ...epochs.flatMap(nodesOf), ...joining])) {
    if (away.has(node)) continue;
    const later = { epochs: epochs.map((spec) => seated(spec, node)), joining: members };
    await node.process.host.start(seated(first, node), later);
  }
}

/** Reshares to `after` while transactions go on; the first height of the new epoch. */
async function rotate(after: readonly TestNode[]): Promise<number> {
  const before = newest();
  await tell(after);
  await until(async () => {
    for (const node of after) expect(node.process.host.current(chainId)).toBe(true);
  });
  const next = await reshareChain(before, nodesOf(before), after);
  const block = checkpoint + 1;
  for (const node of nodes) node.process.checkpoints.ready(first.group, next.era, next.epoch, block);
  mainchainBlock();
  epochs.push(next);
  await tell();
  let last = 0;
  const stayed = nodesOf(before).find((node) => after.includes(node))!;
  await until(async () => {
    last = await mined(stayed, await send(stayed));
    expect((await headerOf(stayed, last)).epoch).toBe(next.epoch);
  });
  let at = last;
  while ((await headerOf(stayed, at - 1)).epoch === next.epoch) at -= 1;
  expect((await headerOf(stayed, at - 1)).epoch).toBe(before.epoch);
  return at;
}

async function sameEverywhere(members: readonly TestNode[], upTo: number): Promise<void> {
  for (let number = 0; number <= upTo; number++) {
    const name = `0x${number.toString(16)}`;
    await until(async () => {
      const blocks = await Promise.all(members.map((node) => node.rpc(chainId, "eth_getBlockByNumber", name, false)));
      expect(blocks[0]).not.toBeNull();
      for (const block of blocks) expect(block).toEqual(blocks[0]);
    });
  }
}

/** Throws where the node has no share of the epoch. */
function signs(node: TestNode, epoch: MemberSpec): void {
  const { seat, shareKeys } = seated(epoch, node);
  node.vault.signer(epoch, seat, bytesOf(shareKeys[seat]!));
}

test("a member leaves and another comes: the same key, the same chain, four heights after READY is seen", async () => {
  for (let i = 0; i < 5; i++) await mined(nodes[i % 4]!, await send(nodes[i % 4]!));
  const after = [nodes[0]!, nodes[4]!, nodes[1]!, nodes[2]!];
  for (const node of nodes.slice(0, 4)) signs(node, first);
  // This one ends between its new log's first record and the erasure of its old share.
  const interrupted = nodes[1]!;
  const { eraseOlder } = interrupted;
  interrupted.eraseOlder = () => Promise.reject(new Error("the process ends here"));
  const begins = await rotate(after);
  await until(async () =>
    expect(interrupted.process.host.failures().get(chainId)?.message).toBe("the process ends here"),
  );
  signs(interrupted, first);
  interrupted.eraseOlder = eraseOlder;
  await interrupted.process.stop();
  await interrupted.start();
  for (const { group, era, epoch } of epochs) interrupted.process.checkpoints.ready(group, era, epoch, checkpoint);
  mainchainBlock();
  await tell();
  await until(async () => expect(() => signs(interrupted, first)).toThrow("holds no share"));
  const shown = await headerOf(nodes[0]!, begins - 4);
  expect(shown.mainchainNumber).toBe(checkpoint - 1);
  expect((await headerOf(nodes[0]!, begins - 5)).mainchainNumber).toBe(checkpoint - 2);
  const { committee } = await headerOf(nodes[0]!, begins);
  expect(committee).toBe(newest().committee);
  // The new member proposes and signs: three of four are enough only with it when one is away.
  await nodes[0]!.process.stop();
  let last = 0;
  for (let i = 0; i < 5; i++) last = await mined(nodes[4]!, await send(nodes[4]!));
  await sameEverywhere([nodes[1]!, nodes[2]!, nodes[4]!], last);
});

test("the old share is gone, and a node that was away at the border comes back through it", async () => {
  const [node] = nodes;
  for (const one of nodes.slice(0, 4))
    await until(async () => expect(() => signs(one, first)).toThrow("holds no share"));
  // One member stops before the next border and starts after it.
  const away = nodes[2]!;
  await node!.start();
  for (const { group, era, epoch } of epochs) node!.process.checkpoints.ready(group, era, epoch, checkpoint);
  mainchainBlock();
  await tell();
  await mined(node!, await send(node!));
  await away.process.stop();
  const after = [nodes[3]!, nodes[0]!, nodes[4]!, nodes[1]!];
  const before = newest();
  for (const joiner of after) expect(joiner.process.host.running()).toContain(chainId);
  const next = await reshareChain(before, nodesOf(before), after);
  const block = checkpoint + 1;
  const live = nodes.filter((other) => other !== away);
  for (const other of live) other.process.checkpoints.ready(first.group, next.era, next.epoch, block);
  checkpoint = block;
  const hash = `0x${block.toString(16).padStart(64, "0")}` as const;
  for (const other of live) other.process.checkpoints.advance([{ number: block, hash }]);
  epochs.push(next);
  for (const other of live) {
    const later = { epochs: epochs.map((one) => seated(one, other)), joining: [] };
    await other.process.host.start(seated(first, other), later);
  }
  let last = 0;
  await until(async () => {
    last = await mined(nodes[4]!, await send(nodes[4]!));
    expect((await headerOf(nodes[4]!, last)).epoch).toBe(next.epoch);
  });
  await away.start();
  for (const { group, era, epoch } of epochs) away.process.checkpoints.ready(group, era, epoch, checkpoint);
  away.process.checkpoints.advance([{ number: checkpoint, hash }]);
  await away.process.host.start(seated(first, away), {
    epochs: epochs.map((one) => seated(one, away)),
    joining: [],
  });
  await sameEverywhere(nodes, last);
  // Its place is that of a follower now: its log of the old epoch has served.
  await until(async () => {
    const logs = readdirSync(join(away.folder, "chains", chainId.toString())).filter((name) => name.startsWith("log-"));
    expect(logs).toEqual([`log-0-${next.epoch}`]);
  });
});

test("the committee grows and shrinks: the same key and chain, whichever quorum signs", async () => {
  const old = newest();
  const oldSigners = nodesOf(old);
  let begins = 0;
  for (const after of [nodes, [nodes[1]!, nodes[3]!], [nodes[4]!, nodes[2]!, nodes[3]!, nodes[0]!]]) {
    begins = await rotate(after);
    expect(newest().members).toHaveLength(after.length);
    expect(newest().groupPublicKey).toBe(first.groupPublicKey);
    for (const node of after) await until(async () => signs(node, newest()));
    const { committee } = await headerOf(after[0]!, begins);
    expect(committee).toBe(newest().committee);
    // Members go over a moment after one another.
    await until(async () => {
      const quorums = await Promise.all(after.map((node) => node.rpc<{ quorum: number }>(chainId, "tributary_status")));
      for (const { quorum: told } of quorums) expect(told).toBe(quorum(after.length));
    });
  }
  for (const one of oldSigners) await until(async () => expect(() => signs(one, old)).toThrow("holds no share"));
  let last = 0;
  for (let i = 0; i < 5; i++) last = await mined(nodes[4]!, await send(nodes[4]!));
  await sameEverywhere(nodes, last);
  // A node that starts again reads what committees of all sizes made.
  const again = nodes[4]!;
  await again.process.stop();
  await again.start();
  for (const { group, era, epoch } of epochs) again.process.checkpoints.ready(group, era, epoch, checkpoint);
  mainchainBlock();
  await tell();
  last = await mined(again, await send(again));
  await sameEverywhere(nodes, last);
});

async function leave(node: TestNode): Promise<void> {
  away.add(node);
  await node.process.stop();
}

async function comeBack(node: TestNode): Promise<void> {
  away.delete(node);
  await node.start();
  for (const { group, era, epoch } of epochs) node.process.checkpoints.ready(group, era, epoch, checkpoint);
}

test("a leaver that was away for epochs hands on what it acknowledged, erases its share, and has left", async () => {
  const old = newest();
  const leaver = nodes[2]!;
  const others = nodesOf(old).filter((node) => node !== leaver);
  // Nobody else has it.
  for (const other of others) await leave(other);
  const hash = await send(leaver);
  await leave(leaver);
  for (const other of others) await comeBack(other);
  mainchainBlock();
  await tell();
  // Nobody of its committee is in the last one. What others send meanwhile is not behind it.
  sender = 1;
  await rotate([nodes[1]!, nodes[0]!]);
  await rotate([nodes[1]!]);
  signs(leaver, old);
  for (const node of [nodes[1]!, nodes[0]!, nodes[3]!, nodes[4]!]) await leave(node);
  const last = { era: old.era, epoch: old.epoch };
  await comeBack(leaver);
  const { host } = leaver.process;
  expect(host.owes(chainId, last)).toBe(true);
  await tell();
  // It says what waits for the others, who have all gone.
  const { leaving } = JSON.parse(await leaver.get("/health")) as { readonly leaving: object };
  const waits = { transactions: 1, hashes: [hash], keys: true, linked: false };
  expect(leaving).toEqual({ [chainId.toString()]: waits });
  await comeBack(nodes[1]!);
  mainchainBlock();
  await tell();
  await mined(nodes[1]!, hash);
  await until(async () => expect(() => signs(leaver, old)).toThrow("holds no share"));
  await until(async () => expect(host.owes(chainId, last)).toBe(false));
  await host.stop(chainId, "left");
  expect(host.departures()).toEqual(new Map());
  await leave(leaver);
  await comeBack(leaver);
  expect(leaver.process.host.owes(chainId, last)).toBe(false);
  await leave(leaver);
  // Its folder is still that of the chain.
  const folder = join(leaver.folder, "chains", chainId.toString());
  const proof = await stoppedProof(folder, chainId, new Uint8Array(20).fill(0xee), []);
  expect(proof.kind).toBe("proof");
});
