// Bad input has a clear error and loses nothing.

import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { until } from "@tributary/testkit/devnet/processes";
import { call, RpcFailure } from "@tributary/testkit/devnet/rpc";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

let devnet: Devnet;
let url = "";
let chainId = 0;
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  url = devnet.info.chains[0]!.rpc[0]!;
  chainId = devnet.info.chains[0]!.chainId;
});
afterAll(() => devnet?.dispose());

const key = () => devnet.info.accounts[0]!;
const nonceOf = async () => Number(await call<string>(url, "eth_getTransactionCount", key().address, "pending"));

async function refusal(promise: Promise<unknown>): Promise<RpcFailure> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RpcFailure) return error;
    throw error;
  }
  throw new RangeError("was accepted");
}

async function transfer(change: Record<string, unknown>): Promise<`0x${string}`> {
  const account = privateKeyToAccount(key().privateKey);
  const transaction = {
    chainId,
    type: "eip1559",
    nonce: await nonceOf(),
    to: "0x000000000000000000000000000000000000dEaD",
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    ...change,
  };
  return account.signTransaction(transaction as never);
}

async function post(
  body: string | Uint8Array,
): Promise<{ status: number; json: { error?: { code: number; message: string } } }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: body as never,
  });
  return { status: response.status, json: (await response.json()) as { error?: { code: number; message: string } } };
}

test("transactions that cannot be taken are refused with geth's words", async () => {
  const send = async (change: Record<string, unknown>) =>
    (await refusal(call(url, "eth_sendRawTransaction", await transfer(change)))).message;
  expect(await send({ chainId: chainId + 1 })).toMatch(/invalid chain id/i);
  expect(await send({ gas: 20_000n })).toMatch(/intrinsic gas too low/);
  expect(await send({ value: 10n ** 30n })).toMatch(/insufficient funds/);
  expect(await send({ gas: 10n ** 12n })).toMatch(/gas limit reached/);
  expect(await send({ data: `0x${"00".repeat(200_000)}`, gas: 20_000_000n })).toMatch(/oversized data/);
  expect((await refusal(call(url, "eth_sendRawTransaction", "0x02c0"))).message).toBeTruthy();
  expect((await refusal(call(url, "eth_sendRawTransaction", "0xzz"))).code).toBe(-32602);
  const first = await transfer({});
  const hash = await call<`0x${string}`>(url, "eth_sendRawTransaction", first);
  await until("the transfer", 20_000, async () => (await call(url, "eth_getTransactionReceipt", hash)) !== null);
  expect(await send({ nonce: (await nonceOf()) - 1, value: 2n })).toMatch(/nonce too low/);
});

test("a transaction that waits already, a poor replacement and a far too early one are told apart", async () => {
  const sending = (raw: `0x${string}`) => call<`0x${string}`>(url, "eth_sendRawTransaction", raw);
  const nonce = (await nonceOf()) + 1;
  // Behind a gap, so that it stays in the pool.
  const waiting = await transfer({ nonce, maxFeePerGas: 100n, maxPriorityFeePerGas: 100n });
  const hash = await sending(waiting);
  expect((await refusal(sending(waiting))).message).toMatch(/already known/);
  const poor = await transfer({ nonce, value: 2n, maxFeePerGas: 101n, maxPriorityFeePerGas: 101n });
  const refused = await refusal(sending(poor));
  expect(refused.message).toMatch(/replacement transaction underpriced/);
  expect(refused.code).toBe(-32000);
  const better = await sending(await transfer({ nonce, value: 3n, maxFeePerGas: 200n, maxPriorityFeePerGas: 200n }));
  expect(await call(url, "eth_getTransactionByHash", hash)).toBeNull();
  await sending(await transfer({ nonce: nonce - 1 }));
  await until("the better one", 20_000, async () => (await call(url, "eth_getTransactionReceipt", better)) !== null);
  const mined = await transfer({ nonce: nonce - 1 });
  expect((await refusal(sending(mined))).message).toMatch(/nonce too low|already known/);
});

test("malformed requests are answered, and the server goes on", async () => {
  expect((await post("{")).json.error?.code).toBe(-32700);
  expect((await post("[]")).json.error?.code).toBe(-32600);
  expect((await post(`${"[".repeat(100_000)}${"]".repeat(100_000)}`)).json.error).toBeDefined();
  expect((await post(randomBytes(6 << 20))).status).toBe(413);
  const unknown = await refusal(call(url, "eth_noSuchMethod"));
  expect(unknown.code).toBe(-32601);
  expect(unknown.message).toMatch(/eth_noSuchMethod/);
  expect((await refusal(call(url, "eth_getBalance"))).code).toBe(-32602);
  const other = await fetch(url.replace(/\d+$/, "1"), {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json" },
  });
  expect(other.status).toBe(404);
  expect(Number(await call<string>(url, "eth_chainId"))).toBe(chainId);
});

test("a body above 5 MiB is refused before it is read, one below is answered", async () => {
  const padded = (bytes: number) =>
    JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [], pad: "x".repeat(bytes) });
  expect((await post(padded((5 << 20) + 1))).status).toBe(413);
  expect((await post(padded(4 << 20))).status).toBe(200);
});

test("garbage on the peer port, and a TLS peer that nobody registered, are dropped while the chain goes on", async () => {
  const { readFileSync } = await import("node:fs");
  const { join } = await import("node:path");
  const config = JSON.parse(readFileSync(join(devnet.info.nodes[0]!.dataDir, "config.json"), "utf8")) as {
    peer: { port: number };
  };
  const { port } = config.peer;
  expect(port).toBeGreaterThan(0);
  const ended = (socket: import("node:net").Socket) =>
    new Promise<void>((resolve) => {
      socket.on("error", () => undefined);
      socket.on("close", () => resolve());
      // Some garbage is answered with an alert: who does not read it does not see the end behind it.
      socket.resume();
    });
  for (let i = 0; i < 20; i++) {
    const socket = connect(port, "127.0.0.1");
    const closed = ended(socket);
    socket.on("connect", () => socket.write(randomBytes(65_536)));
    await closed;
  }
  // A TLS record that claims to be longer than any may be, and never ends.
  const endless = connect(port, "127.0.0.1");
  const cut = ended(endless);
  endless.on("connect", () => {
    endless.write(Uint8Array.of(0x16, 0x03, 0x01, 0xff, 0xff));
    endless.write(randomBytes(8 << 20));
  });
  await cut;
  const stranger = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  const closed = ended(stranger);
  stranger.on("secureConnect", () => stranger.write(randomBytes(1024)));
  await closed;
  const head = Number(await call<string>(url, "eth_blockNumber"));
  await call(url, "eth_sendRawTransaction", await transfer({}));
  await until("the next block", 20_000, async () => Number(await call<string>(url, "eth_blockNumber")) > head);
});
