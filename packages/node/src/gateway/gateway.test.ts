import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import pino from "pino";
import { Registry } from "prom-client";
import { keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { StatusReport } from "../rpc/backend.ts";
import { FixtureChain, fixtureBackend } from "../rpc/fixture-chain.testing.ts";
import { RpcServer } from "../rpc/server.ts";
import { Gateway } from "./gateway.ts";

const chainId = 4711n;
const logger = pino({ level: "silent" });
const account = privateKeyToAccount(`0x${"42".repeat(32)}`);

type Member = {
  readonly server: RpcServer;
  readonly chain: FixtureChain;
  readonly url: string;
  readonly status: { -readonly [K in keyof StatusReport]?: StatusReport[K] };
};

let members: Member[];
let gateway: Gateway;
let url: string;
let extra: Server[];
let sockets: WebSocket[];

async function startMember(name: string): Promise<Member> {
  const server = new RpcServer({ logger, registry: new Registry(), clientVersion: name });
  const chain = new FixtureChain(chainId);
  const status = {};
  const { member, ...backend } = fixtureBackend(chain);
  server.addChain(chainId, { ...backend, member: { ...member, status: () => ({ ...member.status(), ...status }) } });
  const { port } = await server.start({ port: 0 });
  return { server, chain, url: `http://127.0.0.1:${port}`, status };
}

beforeEach(async () => {
  extra = [];
  sockets = [];
  members = [await startMember("first"), await startMember("second")];
  gateway = new Gateway({ logger });
  gateway.setChain(chainId, urls());
  const { port } = await gateway.start({ port: 0 });
  url = `http://127.0.0.1:${port}/chains/${chainId}`;
  await everyoneSeen();
});

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  await gateway.stop();
  for (const { server } of members) await server.stop();
  for (const server of extra) {
    server.closeAllConnections();
    server.close();
  }
});

const urls = (): string[] => members.map((member) => member.url);

/** Until the gateway's health shows no member as unreachable. */
async function everyoneSeen(): Promise<void> {
  await expect
    .poll(async () => JSON.stringify(await (await fetch(new URL("/health", url))).json()), { timeout: 20_000 })
    .not.toContain("unreachable");
}

// biome-ignore lint/suspicious/noExplicitAny: answers are compared as plain JSON
async function rpc(method: string, ...params: unknown[]): Promise<any> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: "x", method, params });
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  return { http: response.status, ...((await response.json()) as object) };
}

/** The member that serves this client, and the other one. */
async function serving(): Promise<[Member, Member]> {
  const { result } = await rpc("web3_clientVersion");
  const [first, second] = members;
  if (first === undefined || second === undefined) throw new Error("two members");
  return result === "first" ? [first, second] : [second, first];
}

async function open(): Promise<WebSocket> {
  const socket = new WebSocket(url.replace("http", "ws"));
  sockets.push(socket);
  await new Promise((resolve) => socket.once("open", resolve));
  return socket;
}

function ask(socket: WebSocket, method: string, ...params: unknown[]): Promise<Record<string, unknown>> {
  const answer = new Promise<Record<string, unknown>>((resolve) => {
    socket.once("message", (message) => resolve(JSON.parse(message.toString())));
  });
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
  return answer;
}

const sign = (nonce: number): Promise<`0x${string}`> =>
  account.signTransaction({
    type: "legacy",
    chainId: Number(chainId),
    nonce,
    gas: 21_000n,
    gasPrice: 0n,
    to: account.address,
  });

test("a client keeps its member, and goes on with the other one when it dies", async () => {
  const [current, other] = await serving();
  for (let i = 0; i < 5; i++) expect((await serving())[0]).toBe(current);
  await current.server.stop();
  expect((await serving())[0]).toBe(other);
  expect(await rpc("eth_chainId")).toEqual({ http: 200, jsonrpc: "2.0", id: "x", result: "0x1267" });
});

test("when all are gone the answer says so, and it works again when one is back", async () => {
  for (const { server } of members) await server.stop();
  expect(await rpc("eth_chainId")).toMatchObject({ http: 503, id: "x", error: { code: -32002 } });
  const [first] = members;
  await first?.server.start({ port: Number(new URL(first.url).port) });
  expect(await rpc("eth_chainId")).toMatchObject({ http: 200, result: "0x1267" });
});

test("a paused or lagging member is left for a running one", async () => {
  const [current, other] = await serving();
  current.status.status = "paused";
  await expect.poll(async () => (await serving())[0], { timeout: 20_000 }).toBe(other);
  current.status.status = "running";
  for (let i = 0; i < 10; i++) current.chain.mine();
  await expect.poll(async () => (await serving())[0], { timeout: 20_000 }).toBe(current);
});

test("a transaction that a member took before it fell silent counts as sent", async () => {
  const [behind] = members;
  if (behind === undefined) throw new Error("a member");
  // Looks best, passes every request on to a member, and ends the connection before the answer.
  let passed = 0;
  const silent = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (body.includes("tributary_status")) {
      response.end('{"jsonrpc":"2.0","id":1,"result":{"status":"running","height":1000}}');
      return;
    }
    await fetch(`${behind.url}/chains/${chainId}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    passed++;
    request.socket.destroy();
  });
  extra.push(silent);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  gateway.setChain(chainId, [`http://127.0.0.1:${(silent.address() as AddressInfo).port}`, behind.url]);
  await everyoneSeen();
  const raw = await sign(0);
  expect(await rpc("eth_sendRawTransaction", raw)).toMatchObject({ http: 200, id: "x", result: keccak256(raw) });
  expect(passed).toBe(1);
  expect(behind.chain.poolStatus().pending).toBe(1);
});

test("refusals of a member pass through", async () => {
  expect(await rpc("eth_mine")).toMatchObject({ http: 200, error: { code: -32601 } });
  expect(await rpc("eth_sendRawTransaction", "0x01")).toMatchObject({ http: 200, error: { code: -32000 } });
});

test("an unknown chain and a body that is too large are refused here", async () => {
  const json = { "content-type": "application/json" };
  expect((await fetch(`${url}9`, { method: "POST", headers: json, body: "{}" })).status).toBe(404);
  const large = new Uint8Array(5 * 1024 * 1024 + 1);
  expect((await fetch(url, { method: "POST", headers: json, body: large })).status).toBe(413);
  const deep = await fetch(url, { method: "POST", headers: json, body: "[".repeat(1_000) });
  expect(await deep.json()).toMatchObject({ error: { code: -32600 } });
});

test("a WebSocket without subscriptions outlives its member", async () => {
  const socket = await open();
  expect(await ask(socket, "eth_chainId")).toMatchObject({ result: "0x1267" });
  const [current] = await serving();
  await current.server.stop();
  expect(await ask(socket, "eth_chainId")).toMatchObject({ result: "0x1267" });
});

test("subscriptions are served by one member; when it dies the client is told to come back", async () => {
  const socket = await open();
  const { result: id } = await ask(socket, "eth_subscribe", "newHeads");
  const current = members.find(({ chain }) => chain.listeners === 1);
  if (current === undefined) throw new Error("one member has the subscription");
  const event = new Promise((resolve) => socket.once("message", (message) => resolve(JSON.parse(message.toString()))));
  current.chain.mine();
  expect(await event).toMatchObject({ params: { subscription: id, result: { number: "0x1" } } });
  expect(await ask(socket, "eth_blockNumber")).toMatchObject({ result: "0x1" });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await current.server.stop();
  expect(await closed).toBe(1012);
  const again = await open();
  expect(await ask(again, "eth_subscribe", "newHeads")).toHaveProperty("result");
});

test("a client that leaves takes its subscriptions along", async () => {
  const socket = await open();
  await ask(socket, "eth_subscribe", "newHeads");
  socket.close();
  await expect.poll(() => members.reduce((sum, { chain }) => sum + chain.listeners, 0)).toBe(0);
});

test("stops cleanly with requests under way, and starts again", async () => {
  const [current] = await serving();
  current.chain.outcome = () => new Promise(() => undefined);
  const asked = rpc("eth_call", {}).catch(() => "cut off");
  await new Promise((resolve) => setTimeout(resolve, 20));
  await gateway.stop();
  await gateway.stop();
  await asked;
  const { port } = await gateway.start({ port: 0 });
  url = `http://127.0.0.1:${port}/chains/${chainId}`;
  expect(await rpc("eth_chainId")).toMatchObject({ result: "0x1267" });
});

test.each([
  [["127.0.0.1"], ["127.0.0.1"], true],
  [[], ["127.0.0.1"], false],
  [["127.0.0.1"], [], false],
])(
  "members that trust %s and a gateway that trusts %s know clients apart: %s",
  async (trustedProxies, behind, apart) => {
    const limits = { socketsPerAddress: 1 };
    const server = new RpcServer({ logger, registry: new Registry(), limits, trustedProxies });
    server.addChain(chainId, fixtureBackend(new FixtureChain(chainId)));
    const { port } = await server.start({ port: 0 });
    const proxied = new Gateway({ logger, trustedProxies: behind });
    try {
      proxied.setChain(chainId, [`http://127.0.0.1:${port}`]);
      const door = await proxied.start({ port: 0 });
      const subscribed = async (client: string): Promise<boolean> => {
        const headers = { "x-forwarded-for": client };
        const socket = new WebSocket(`ws://127.0.0.1:${door.port}/chains/${chainId}`, { headers });
        sockets.push(socket);
        return await new Promise((resolve) => {
          socket.once("open", () =>
            socket.send('{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}'),
          );
          socket.once("message", () => resolve(true));
          socket.once("close", () => resolve(false));
        });
      };
      expect(await subscribed("203.0.113.1")).toBe(true);
      expect(await subscribed("203.0.113.2")).toBe(apart);
      expect(await subscribed("203.0.113.2")).toBe(false);
    } finally {
      await proxied.stop();
      await server.stop();
    }
  },
);
