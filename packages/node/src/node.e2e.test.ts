import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyStateProof } from "@tributary/chain/proof/verify-state-proof";
import { addressOf, signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { containerHash } from "@tributary/protocol/container/codec";
import { verifySegment } from "@tributary/protocol/container/container-body";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import { finalDigest } from "@tributary/protocol/wire/index";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parseStateProof } from "./client/state-proof.ts";
import { accounts, bytesOf, generateChain, TestNode } from "./node.fixture.ts";
import { NodeProcess } from "./node.ts";

type Status = { status: string; height: string | number; membersUp: number; quorum: number };
type Receipt = { blockNumber: string; blockHash: string; status: string } | null;

let root = "";
const nodes: TestNode[] = [];
let spec: MemberSpec;
let other: MemberSpec;
const chainId = 7001n;
const otherId = 7002n;
const nonces = new Map<string, bigint>();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "node-e2e-"));
  for (let id = 1; id <= 4; id++) nodes.push(await TestNode.create(id, root));
  for (const node of nodes) await node.start();
  spec = await generateChain(nodes, chainId);
  other = await generateChain(nodes, otherId);
  for (const [seat, node] of nodes.entries()) {
    await node.process.host.start({ ...spec, seat });
    await node.process.host.start({ ...other, seat });
  }
});

afterAll(async () => {
  for (const node of nodes) await node.process.stop();
  rmSync(root, { recursive: true, force: true });
});

const until = (condition: () => Promise<void>): Promise<void> =>
  vi.waitFor(condition, { timeout: 60_000, interval: 50 });

/** Sends a transfer from the account to `node`; the hash that the node acknowledged. */
async function send(node: TestNode, account: number, chain = chainId): Promise<string> {
  const key = `${chain}/${account}`;
  const nonce = nonces.get(key) ?? 0n;
  nonces.set(key, nonce + 1n);
  const to = new Uint8Array(20).fill(0xee);
  const raw = signTransaction({ chainId: chain, nonce, to, value: 1n, gasLimit: 21_000n }, accounts[account]!);
  return node.rpc<string>(chain, "eth_sendRawTransaction", toHex(raw));
}

async function mined(node: TestNode, hash: string, chain = chainId): Promise<NonNullable<Receipt>> {
  let receipt: Receipt = null;
  await until(async () => {
    receipt = await node.rpc<Receipt>(chain, "eth_getTransactionReceipt", hash);
    expect(receipt).not.toBeNull();
  });
  return receipt as unknown as NonNullable<Receipt>;
}

const status = (node: TestNode, chain = chainId): Promise<Status> => node.rpc<Status>(chain, "tributary_status");

test("four nodes agree on blocks with transactions sent to all of them", async () => {
  const hashes: string[] = [];
  for (let i = 0; i < 40; i++) hashes.push(await send(nodes[i % 4]!, i % 4));
  for (const hash of hashes) {
    const receipts = await Promise.all(nodes.map((node) => mined(node, hash)));
    for (const receipt of receipts) expect(receipt).toEqual(receipts[0]);
    expect(receipts[0]!.status).toBe("0x1");
  }
  const balance = await nodes[2]!.rpc(chainId, "eth_getBalance", toHex(new Uint8Array(20).fill(0xee)), "latest");
  expect(balance).toBe("0x28");
  const last = Math.max(
    ...(await Promise.all(nodes.map(async (node) => Number(await node.rpc<string>(chainId, "eth_blockNumber"))))),
  );
  for (let number = 0; number <= last; number++) {
    await until(async () => {
      const blocks = await Promise.all(
        nodes.map((node) => node.rpc(chainId, "eth_getBlockByNumber", `0x${number.toString(16)}`, false)),
      );
      expect(blocks[0]).not.toBeNull();
      for (const block of blocks) expect(block).toEqual(blocks[0]);
    });
  }
  await until(async () =>
    expect(await status(nodes[0]!)).toMatchObject({ status: "running", membersUp: 4, quorum: 3 }),
  );
});

test("the certificate of a block is the group's over the container that holds it, and one bit more is none", async () => {
  type Finality = { header: ContainerHeader; certificate: string; blockHash: HexHash; orderCertificate: string };
  const key = BlsPublicKey.fromBytes(bytesOf(spec.groupPublicKey))!;
  const { header, certificate, blockHash, orderCertificate } = await nodes[1]!.rpc<Finality>(
    chainId,
    "tributary_getFinality",
    "0x1",
  );
  const { group, era, epoch, height, order, segmentsRoot, beacon } = header;
  const slot = { group, era, epoch, height };
  const signature = bytesOf(certificate);
  expect(key.verify(finalDigest(slot, containerHash(header)), signature)).toBe(true);
  expect(key.verify(bytesOf(order), bytesOf(orderCertificate))).toBe(true);
  expect(beacon).toBe(toHex(keccak256(bytesOf(orderCertificate))));
  expect(
    verifySegment(segmentsRoot, { chainId, blockNumber: 1, blockHash }, { index: 0, count: 1, siblings: [] }),
  ).toBe(true);
  const other = { ...header, time: header.time + 1 };
  expect(key.verify(finalDigest(slot, containerHash(other)), signature)).toBe(false);
  expect(
    key.verify(
      finalDigest(slot, containerHash(header)),
      signature.map((byte, i) => (i === 60 ? byte ^ 1 : byte)),
    ),
  ).toBe(false);
});

test("a balance is proven to whoever knows the group key, and a proof that was touched is not believed", async () => {
  const address = addressOf(accounts[0]!);
  type Answer = { readonly balance: string; readonly nonce: string; readonly certificate: string };
  const answer = await nodes[2]!.rpc<Answer>(chainId, "tributary_getProof", toHex(address), [
    toHex(new Uint8Array(32)),
  ]);
  const era = { chainId, group: spec.group, era: spec.era, firstHeight: 1, groupKey: bytesOf(spec.groupPublicKey) };
  const verdict = verifyStateProof(parseStateProof(answer)!, era);
  if (!verdict.ok) throw new Error(verdict.fault);
  const account = verdict.state.account(address)!;
  expect([account.balance, account.nonce]).toEqual([BigInt(answer.balance), BigInt(answer.nonce)]);
  expect(account.nonce).toBe(10n);
  expect(verdict.state.storage(address, new Uint8Array(32))).toEqual(new Uint8Array(32));
  const touched = { ...answer, certificate: `${answer.certificate.slice(0, -1)}0` };
  const forged =
    touched.certificate === answer.certificate ? `${answer.certificate.slice(0, -1)}1` : touched.certificate;
  expect(verifyStateProof(parseStateProof({ ...answer, certificate: forged })!, era)).toEqual({
    ok: false,
    fault: "certificate",
  });
  for (const broken of [undefined, {}, { ...answer, buckets: {} }, { ...answer, branch: { index: -1 } }]) {
    expect(parseStateProof(broken)).toBeUndefined();
  }
});

test("one of four stops, blocks go on, and it catches up when it comes back", async () => {
  await nodes[3]!.process.stop();
  const hashes = [];
  for (let i = 0; i < 10; i++) hashes.push(await send(nodes[i % 3]!, i % 3));
  for (const hash of hashes) await mined(nodes[0]!, hash);
  await nodes[3]!.start([spec, other]);
  for (const hash of hashes) await mined(nodes[3]!, hash);
  // Its votes count again: with another one away, the three make blocks.
  await nodes[0]!.process.stop();
  await mined(nodes[1]!, await send(nodes[1]!, 1));
  await nodes[0]!.start([spec, other]);
  await until(async () => expect((await status(nodes[0]!)).status).toBe("running"));
});

test("without a quorum the chain pauses, takes transactions still, and mines each once when members return", async () => {
  await nodes[2]!.process.stop();
  await nodes[3]!.process.stop();
  await until(async () => expect((await status(nodes[0]!)).status).toBe("paused"));
  const before = BigInt(
    await nodes[0]!.rpc<string>(chainId, "eth_getTransactionCount", toHex(addressOf(accounts[4]!)), "latest"),
  );
  const hashes = [];
  for (let i = 0; i < 5; i++) hashes.push(await send(nodes[0]!, 4));
  await nodes[0]!.process.stop();
  await nodes[1]!.process.stop();
  for (const node of nodes) await node.start([spec, other]);
  for (const hash of hashes) await mined(nodes[2]!, hash);
  const after = BigInt(
    await nodes[2]!.rpc<string>(chainId, "eth_getTransactionCount", toHex(addressOf(accounts[4]!)), "latest"),
  );
  expect(after - before).toBe(5n);
});

test("a member with a damaged log or database is named by its error, and its neighbour on the node runs on", async () => {
  const [node] = nodes;
  await node!.process.stop();
  const folder = join(node!.folder, "chains", chainId.toString());
  const logs = join(folder, "log-0-0");
  const log = join(logs, readdirSync(logs).sort()[0]!);
  const good = readFileSync(log);
  const bad = Buffer.from(good);
  bad[60]! ^= 1;
  writeFileSync(log, bad);
  await expect(node!.start([other, spec])).rejects.toMatchObject({
    code: "log-damaged",
    message: expect.stringContaining(log),
  });
  expect(node!.process.host.running()).toEqual([otherId]);
  expect(JSON.parse(await node!.get("/health"))).toMatchObject({
    failed: { [chainId.toString()]: { code: "log-damaged" } },
  });
  await mined(node!, await send(nodes[1]!, 0, otherId), otherId);
  await node!.process.stop();
  writeFileSync(log, good);

  const containers = join(folder, "containers");
  const manifest = join(containers, readdirSync(containers).find((name) => name.startsWith("MANIFEST"))!);
  const whole = readFileSync(manifest);
  writeFileSync(manifest, whole.subarray(0, 10));
  await expect(node!.start([other, spec])).rejects.toMatchObject({ code: "store-damaged" });
  await mined(node!, await send(nodes[1]!, 0, otherId), otherId);
  await node!.process.stop();
  writeFileSync(manifest, whole);
  await node!.start([spec, other]);
  await mined(node!, await send(nodes[1]!, 0));
});

test("chains come and go without a restart", async () => {
  const third = await generateChain(nodes.slice(0, 1), 7003n);
  await nodes[0]!.process.host.start(third);
  await nodes[0]!.process.host.start(third);
  await mined(nodes[0]!, await send(nodes[0]!, 5, 7003n), 7003n);
  await nodes[0]!.process.host.stop(7003n, "expired");
  expect((await status(nodes[0]!, 7003n)).status).toBe("expired");
  expect(nodes[0]!.process.host.running()).not.toContain(7003n);
  await nodes[0]!.process.host.start(third);
  await mined(nodes[0]!, await send(nodes[0]!, 5, 7003n), 7003n);
  await nodes[0]!.process.host.stop(7003n, "deleted");
  await expect(status(nodes[0]!, 7003n)).rejects.toThrow();
  await mined(nodes[0]!, await send(nodes[0]!, 6));
});

test("a member that throws while it runs is stopped alone: its neighbour and the other members of its chain go on", async () => {
  const poisonedId = 7004n;
  const poisoned = await generateChain(nodes, poisonedId);
  let armed = false;
  nodes[0]!.signer = (slot, seat, shareKey) => {
    const signer = nodes[0]!.vault.signer(slot, seat, shareKey);
    return {
      sign(statement, done) {
        if (armed) throw new Error("planted failure");
        signer.sign(statement, done);
      },
    };
  };
  for (const [seat, node] of nodes.entries()) await node.process.host.start({ ...poisoned, seat });
  await mined(nodes[0]!, await send(nodes[1]!, 0, poisonedId), poisonedId);
  armed = true;
  const hash = await send(nodes[1]!, 0, poisonedId);
  await until(async () => expect(nodes[0]!.process.host.running()).not.toContain(poisonedId));
  expect(JSON.parse(await nodes[0]!.get("/health")).failed[poisonedId.toString()]).toMatchObject({
    message: "planted failure",
  });
  await mined(nodes[1]!, hash, poisonedId);
  await mined(nodes[0]!, await send(nodes[0]!, 7));
  await expect(nodes[0]!.process.host.start({ ...poisoned, seat: 0 })).rejects.toThrow("planted failure");
});

test("metrics count messages, bytes, signatures and heights", async () => {
  const text = await nodes[0]!.get("/metrics");
  for (const name of [
    "messages_sent_total",
    "bytes_sent_total",
    "signatures_made_total",
    "signatures_checked_total",
    "log_flushes_total",
    "height",
  ]) {
    expect(text).toMatch(new RegExp(`^tributary_${name}\\{[^}]*chain="${chainId}"[^}]*\\} [1-9]`, "m"));
  }
});

test("a second process on the folder and a taken port are refused by name", async () => {
  const [first, second] = nodes;
  const config = {
    nodeId: 9,
    dataDir: first!.folder,
    peer: { host: "127.0.0.1", port: 0 },
    rpc: { host: "127.0.0.1", port: 0 },
    vault: first!.vault,
    logger: (await import("./node.fixture.ts")).logger,
  };
  await expect(new NodeProcess(config).start()).rejects.toMatchObject({
    code: "data-locked",
    message: expect.stringContaining(first!.folder),
  });
  const dataDir = join(root, "another");
  for (const change of [
    { peer: { host: "127.0.0.1", port: second!.peerPort } },
    { rpc: { host: "127.0.0.1", port: second!.rpcPort } },
  ]) {
    const port = change.peer?.port ?? change.rpc?.port;
    const node = new NodeProcess({ ...config, dataDir, ...change });
    await expect(node.start()).rejects.toMatchObject({
      code: "port-taken",
      message: expect.stringContaining(String(port)),
    });
    await node.stop();
  }
});
