// A devnet under more JSON-RPC than it takes, and under what only an attacker sends: heights go on, what is too much is
// told so, nothing that was taken is lost, and no node holds more than it may. Each client has an address of its own.
import { setTimeout as sleep } from "node:timers/promises";
import { type Deployed, deployCounter } from "@tributary/testkit/bench/rpc/counter";
import { holdSockets } from "@tributary/testkit/bench/rpc-load/idle-sockets";
import { RpcLoad } from "@tributary/testkit/bench/rpc-load/load";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { residentSize, until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { headOf, RawClient } from "./rpc-load/raw-client.ts";

const MIB = 1024 * 1024;
/** Resident bytes of a node at most, whatever is done to it: 384 MiB of them may be its heap. */
const MOST_RESIDENT = 700 * MIB;
const SOCKETS = 1_000;
/** Creates 24,000 zero bytes of code. */
const LARGE_CODE = "0x615dc05ff3";

let devnet: Devnet;
let load: RpcLoad;
let counter: Deployed;
let url = "";
let pid = 0;
let most = 0;
let watch: NodeJS.Timeout;

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4, arguments: ["--rpc-sockets", String(SOCKETS)] });
  counter = await deployCounter(devnet.info);
  load = new RpcLoad(devnet.info, counter.address);
  url = devnet.info.chains[0]?.rpc[0] ?? "";
  pid = devnet.info.nodes.find(({ rpc }) => url.startsWith(`${rpc}/`))?.pid ?? 0;
  watch = setInterval(() => {
    most = Math.max(most, ...devnet.info.nodes.map((node) => residentSize(node.pid)));
  }, 200);
});
afterAll(async () => {
  clearInterval(watch);
  await devnet?.dispose();
});

const body = (method: string, ...params: unknown[]): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });

// biome-ignore lint/suspicious/noExplicitAny: answers are compared as plain JSON
async function post(text: string): Promise<{ readonly status: number; readonly answer: any }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: text });
  return { status: response.status, answer: await response.json() };
}

/** New blocks come, now, and their transactions with them. */
async function goesOn(): Promise<void> {
  const before = await load.head();
  await load.quiet(1);
  await until("a height", 120_000, async () => (await load.head()) > before, 50);
}

test("what is offered beyond the limits is refused, heights go on, and what was taken is mined", async () => {
  const first = await load.head();
  const { calls, transactions } = await load.run({ calls: 1_500, transactions: 400, seconds: 8 });
  for (const { offered, accepted, refused, unsent, failed } of [calls, transactions]) {
    expect(failed).toEqual({});
    expect(accepted + refused + unsent).toBe(offered);
    expect(accepted).toBeGreaterThan(0);
  }
  await until("the transactions", 200_000, async () => {
    return (await load.mined(first, await load.head())) >= transactions.accepted;
  });
  expect(await load.mined(first, await load.head())).toBe(transactions.accepted);
});

test("idle WebSockets up to the limit are held, one more is refused", async () => {
  const idle = await holdSockets(url.replace("http", "ws"), pid, SOCKETS - 100, 2);
  expect(idle).toMatchObject({ open: SOCKETS - 100, answered: idle.sample });
  expect(idle.bytesEach).toBeLessThan(100_000);
  const sockets = Array.from({ length: SOCKETS + 20 }, () => new WebSocket(url.replace("http", "ws")));
  const opened = await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<boolean>((resolve) => {
          socket.once("open", () => resolve(true));
          socket.on("error", (error) => resolve(!error.message.includes("429")));
        }),
    ),
  );
  expect(opened.filter((open) => !open).length).toBeGreaterThanOrEqual(20);
  for (const socket of sockets) socket.terminate();
  await goesOn();
});

test("clients that send their headers or bodies slowly are cut off, and keep nobody out", async () => {
  const slow = Array.from({ length: 200 }, () => new RawClient(url, "127.0.0.21"));
  for (const [index, client] of slow.entries()) {
    if (index < 100) await client.write("POST / HTTP/1.1\r\nhost: x\r\n");
    else await client.write(`${headOf(url, 1_000)}[`);
  }
  const dribble = setInterval(() => {
    for (const [index, client] of slow.entries()) if (client.isOpen) void client.write(index < 100 ? "a: b\r\n" : " ");
  }, 1_000);
  try {
    await goesOn();
    expect((await post(body("eth_chainId"))).status).toBe(200);
    await Promise.all(slow.map(({ closed }) => closed));
  } finally {
    clearInterval(dribble);
  }
  expect(new Set(slow.map(({ status }) => status))).toEqual(new Set([408]));
});

test("bodies of 100 MB are refused, however they are announced", async () => {
  const part = Buffer.alloc(MIB, 0x20);
  const chunk = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
  const clients = Array.from({ length: 8 }, () => new RawClient(url, "127.0.0.22"));
  await Promise.all(
    clients.map(async (client, index) => {
      await client.write(headOf(url, index % 2 === 0 ? 100 * MIB : undefined));
      for (let sent = 0; sent < 100 && client.isOpen && client.status === undefined; sent++) {
        await client.write(index % 2 === 0 ? part : chunk);
      }
      await until("an answer", 60_000, () => client.status !== undefined || !client.isOpen, 50);
      client.destroy();
    }),
  );
  const said = clients.map(({ status }) => status);
  expect(said.filter((status) => status === 413).length).toBeGreaterThan(0);
  // Whoever goes on writing may lose the answer to a reset.
  expect(said.every((status) => status === 413 || status === 429 || status === undefined)).toBe(true);
  await goesOn();
});

test("requests that are deep, wide or long have clear errors", async () => {
  const deep = `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
  expect((await post(deep)).answer).toMatchObject({ error: { code: -32600 } });
  const topics = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `0x${index.toString(16).padStart(64, "0")}`);
  const filter = (value: unknown): string => body("eth_newFilter", { fromBlock: "latest", topics: value });
  expect((await post(filter([topics(1_000), topics(1_000)]))).answer).toHaveProperty("result");
  expect((await post(filter([topics(1_001)]))).answer).toMatchObject({ error: { code: -32602 } });
  expect((await post(filter(topics(1_000)))).answer).toMatchObject({ error: { code: -32602 } });
  expect((await post(filter(topics(50_000)))).answer).toMatchObject({ error: { code: -32602 } });
  expect((await post(`[${"1,".repeat(2_000_000)}1]`)).answer).toMatchObject({ error: { code: -32600 } });
  const full = Array.from({ length: 1_000 }, (_, id) => ({ jsonrpc: "2.0", id, method: "eth_chainId", params: [] }));
  const ids = (await post(JSON.stringify(full))).answer.map(({ id }: { readonly id: number }) => id);
  expect(ids).toEqual(full.map(({ id }) => id));
  expect((await post(JSON.stringify([...full, full[0]]))).answer).toMatchObject({ error: { code: -32600 } });
  await goesOn();
});

test("clients that do not read their answers make a node hold no more than it may", async () => {
  const large = await deployed(LARGE_CODE);
  const batch = JSON.stringify(
    Array.from({ length: 400 }, (_, id) => ({ jsonrpc: "2.0", id, method: "eth_getCode", params: [large, "latest"] })),
  );
  const readers = Array.from({ length: 60 }, () => new RawClient(url, "127.0.0.23"));
  const sockets = Array.from(
    { length: 40 },
    () => new WebSocket(url.replace("http", "ws"), { localAddress: "127.0.0.24" }),
  );
  for (const socket of sockets) {
    socket.on("error", () => undefined);
    socket.once("open", () => {
      for (let i = 0; i < 10; i++) socket.send(batch);
      socket.pause();
    });
  }
  for (const reader of readers) {
    reader.stopReading();
    await reader.write(headOf(url, batch.length) + batch);
  }
  for (let i = 0; i < 10; i++) {
    await goesOn();
    for (const reader of readers) if (reader.isOpen) await reader.write(headOf(url, batch.length) + batch);
  }
  // Others have their share, while these have more than theirs.
  await until("an answer", 60_000, async () => (await post(body("eth_chainId"))).status === 200);
  for (const reader of readers) reader.destroy();
  for (const socket of sockets) socket.terminate();
  await goesOn();
});

/** A contract by its creation code. */
async function deployed(data: `0x${string}`): Promise<string> {
  const key = devnet.info.accounts[1]?.privateKey ?? "0x";
  const raw = await privateKeyToAccount(key).signTransaction({
    ...{ chainId: devnet.info.chains[0]?.chainId ?? 0, nonce: 0, gas: 8_000_000n, data },
    ...{ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n },
  });
  const hash = await call<string>(url, "eth_sendRawTransaction", raw);
  type Found = { readonly contractAddress: string } | null;
  const found = async () => (await call<Found>(url, "eth_getTransactionReceipt", hash)) ?? undefined;
  return (await until("the contract", 120_000, found)).contractAddress;
}

test("no node held more than it may, and all of them go on", async () => {
  await sleep(1_000);
  process.stderr.write(`resident at most: ${Math.round(most / MIB)} MiB\n`);
  expect(most).toBeLessThan(MOST_RESIDENT);
  for (const node of devnet.info.nodes) expect(residentSize(node.pid)).toBeGreaterThan(0);
  await goesOn();
});
