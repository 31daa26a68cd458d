import { unsealWork, WorkAttempts } from "@tributary/protocol/gasless/proof-of-work";
import pino from "pino";
import { Registry } from "prom-client";
import { createPublicClient, hexToBytes, http, keccak256, type PublicClient } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixtureBackend } from "../rpc/fixture-chain.testing.ts";
import { RpcServer } from "../rpc/server.ts";
import { SoloChain } from "../rpc/solo-chain.testing.ts";
import { mineWork } from "./mine-work.ts";
import { type GaslessError, sealTransaction, sendGasless } from "./send-gasless.ts";

const chainId = 4_712n;
let solo: SoloChain;
let server: RpcServer;
let client: PublicClient;

beforeAll(async () => {
  solo = await SoloChain.open(chainId, [], 30_000_000, { pool: { count: 4, bytes: 1_000_000, perAccount: 4 } });
  server = new RpcServer({ logger: pino({ level: "silent" }), registry: new Registry() });
  server.addChain(chainId, fixtureBackend(solo.chain));
  const { port } = await server.start({ port: 0 });
  client = createPublicClient({ transport: http(`http://127.0.0.1:${port}/chains/${chainId}`, { retryCount: 0 }) });
});

afterAll(async () => {
  await server.stop();
  await solo.close();
});

/** By somebody whom the chain has never seen. */
function transfer(): Promise<`0x${string}`> {
  const account = privateKeyToAccount(generatePrivateKey());
  return account.signTransaction({ chainId: Number(chainId), to: account.address, gas: 21_000n, type: "eip1559" });
}

test("a client without coins or history mines when it is told to, and its transaction is mined", async () => {
  for (let i = 0; i < 2; i++) await sendGasless(client, await transfer());
  await expect(client.sendRawTransaction({ serializedTransaction: await transfer() })).rejects.toThrow(/proof of work/);
  const raw = await transfer();
  const reports: number[] = [];
  const hash = await sendGasless(client, raw, { threads: 2, onProgress: ({ tried }) => reports.push(tried) });
  expect(hash).toBe(keccak256(raw));
  expect([...solo.chain.pool.executable()].map(({ lane }) => lane)).toEqual(["work", "fresh", "fresh"]);
  await solo.mine();
  expect(await client.getTransactionReceipt({ hash: keccak256(raw) })).toMatchObject({ status: "success" });
});

test("a sealed transaction is one for every client, its hash that of what was signed", async () => {
  const raw = await transfer();
  const sealed = await sealTransaction(client, raw);
  expect(unsealWork(hexToBytes(sealed)).raw).toEqual(hexToBytes(raw));
  expect(await client.sendRawTransaction({ serializedTransaction: sealed })).toBe(keccak256(raw));
  await solo.mine();
});

test("says what an account is entitled to", async () => {
  const terms = await client.request({
    method: "tributary_getGasless" as never,
    params: ["0x00000000000000000000000000000000000000aa"] as never,
  });
  expect(terms).toMatchObject({ hashesPerGas: 1, proofSeconds: 120, room: true, history: false, debt: "0x0" });
});

test("what is no transaction is refused before any work, and work can be given up", async () => {
  await expect(sealTransaction(client, "0x02c0")).rejects.toMatchObject({
    code: "NOT_A_TRANSACTION",
  } satisfies Partial<GaslessError>);
  const gone = AbortSignal.timeout(20);
  await expect(mineWork(new Uint8Array(32), 2 ** 40, { threads: 1, signal: gone })).rejects.toThrow(/aborted/);
});

test("many proofs at once share the threads there are, and one that is given up leaves its thread to others", async () => {
  const challenges = Array.from({ length: 40 }, (_, index) => new Uint8Array(32).fill(index));
  const given = new AbortController();
  const hopeless = mineWork(new Uint8Array(32), 2 ** 45, { threads: 2, signal: given.signal });
  const first = mineWork(new Uint8Array(32).fill(99), 100, { threads: 3 });
  expect(new WorkAttempts(new Uint8Array(32).fill(99)).work(await first)).toBeGreaterThanOrEqual(100);
  given.abort(new Error("no longer wanted"));
  await expect(hopeless).rejects.toThrow("no longer wanted");
  const counters = await Promise.all(challenges.map((challenge) => mineWork(challenge, 500, { threads: 1 })));
  for (const [index, challenge] of challenges.entries()) {
    expect(new WorkAttempts(challenge).work(counters[index] ?? -1n)).toBeGreaterThanOrEqual(500);
  }
});
