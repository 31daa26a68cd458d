import { request as httpRequest } from "node:http";
import pino from "pino";
import { Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { FixtureChain, fixtureBackend } from "./fixture-chain.testing.ts";
import { RpcServer } from "./server.ts";
import {
  account,
  chain,
  chainId,
  connect,
  messages,
  post,
  result,
  rpc,
  serve,
  server,
  url,
  useServer,
} from "./test-server.testing.ts";

useServer();

describe("JSON-RPC 2.0", () => {
  test.each([
    ['{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}', { id: 1, result: "0x1267" }],
    ['{"jsonrpc":"2.0","id":"a","method":"eth_chainId","params":[]}', { id: "a", result: "0x1267" }],
    ['{"jsonrpc":"2.0","id":null,"method":"eth_chainId","params":[]}', { id: null, result: "0x1267" }],
    ["{", { id: null, error: { code: -32700 } }],
    ["", { id: null, error: { code: -32700 } }],
    ["\u00ff\u0000", { id: null, error: { code: -32700 } }],
    ["7", { id: null, error: { code: -32600 } }],
    ["null", { id: null, error: { code: -32600 } }],
    ["[]", { id: null, error: { code: -32600, message: "empty batch" } }],
    ["{}", { id: null, error: { code: -32600 } }],
    ['{"jsonrpc":"1.0","id":4,"method":"eth_chainId"}', { id: 4, error: { code: -32600 } }],
    ['{"jsonrpc":"2.0","id":4}', { id: 4, error: { code: -32600 } }],
    ['{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', { id: null, error: { code: -32600 } }],
    ['{"jsonrpc":"2.0","id":9007199254740993,"method":"eth_chainId"}', { id: null, error: { code: -32600 } }],
    ['{"jsonrpc":"2.0","id":1e999,"method":"eth_chainId"}', { id: null, error: { code: -32600 } }],
    ['{"jsonrpc":"2.0","id":4,"method":"eth_chainId","params":{}}', { id: 4, error: { code: -32602 } }],
    [
      '{"jsonrpc":"2.0","id":4,"method":"eth_mine"}',
      { id: 4, error: { code: -32601, message: "the method eth_mine does not exist/is not available" } },
    ],
    ['{"jsonrpc":"2.0","id":4,"method":"__proto__"}', { id: 4, error: { code: -32601 } }],
  ])("%s", async (body, answer) => {
    const { status, text } = await post(body);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ jsonrpc: "2.0", ...answer });
  });

  test("a notification is carried out and not answered", async () => {
    const raw = await account.signTransaction({
      chainId: Number(chainId),
      nonce: 0,
      gas: 21_000n,
      gasPrice: 0n,
      to: null,
      type: "legacy",
    });
    const { status, text } = await post(`{"jsonrpc":"2.0","method":"eth_sendRawTransaction","params":["${raw}"]}`);
    expect([status, text]).toEqual([204, ""]);
    expect(chain.poolStatus().pending).toBe(1);
  });

  test("a batch keeps the order and leaves notifications out", async () => {
    const { status, text } = await post(
      '[{"jsonrpc":"2.0","id":2,"method":"eth_chainId"},{"jsonrpc":"2.0","method":"eth_chainId"},5,{"jsonrpc":"2.0","id":1,"method":"nope"}]',
    );
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject([
      { id: 2, result: "0x1267" },
      { id: null, error: { code: -32600 } },
      { id: 1, error: { code: -32601 } },
    ]);
  });

  test("a thousand items are taken, one more is not", async () => {
    const item = (id: number): unknown => ({ jsonrpc: "2.0", id, method: "eth_blockNumber" });
    const taken = await post(JSON.stringify(Array.from({ length: 1_000 }, (_, id) => item(id))));
    expect(JSON.parse(taken.text).map(({ id }: { id: number }) => id)).toEqual(
      Array.from({ length: 1_000 }, (_, id) => id),
    );
    const refused = await post(JSON.stringify(Array.from({ length: 1_001 }, (_, id) => item(id))));
    expect(JSON.parse(refused.text)).toMatchObject({ id: null, error: { code: -32600 } });
  });

  test("a batch's answer is bounded", async () => {
    chain.outcome = async () => ({ kind: "success", gasUsed: 21_000n, data: new Uint8Array(4_000_000), logs: [] });
    const items = Array.from({ length: 4 }, (_, id) => ({ jsonrpc: "2.0", id, method: "eth_call", params: [{}] }));
    const answers = JSON.parse((await post(JSON.stringify(items))).text);
    expect(answers.slice(0, 3).every((answer: object) => "result" in answer)).toBe(true);
    expect(answers[3]).toMatchObject({ id: 3, error: { code: -32003, message: "response too large" } });
  });
});

describe("hostile bodies", () => {
  test("deep JSON is refused, and the server lives on", async () => {
    const deep = `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    expect(JSON.parse((await post(deep)).text)).toMatchObject({ id: null, error: { code: -32600 } });
    expect(await result("eth_chainId")).toBe("0x1267");
  });

  test("more than 5 MiB is 413 with a JSON-RPC error", async () => {
    const { status, text } = await post(new Uint8Array(5 * 1024 * 1024 + 1).fill(0x20));
    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({ id: null, error: { code: -32600 } });
  });

  test("other content types, paths and methods have clear answers", async () => {
    expect((await post("{}", { "content-type": "text/plain" })).status).toBe(415);
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(`${url}9`, { method: "POST" })).status).toBe(404);
    const unknown = await fetch(`${url}9`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    expect(await unknown.json()).toMatchObject({ error: { message: `no chain ${chainId}9 here` } });
    expect((await fetch(new URL("/", url))).status).toBe(404);
  });

  test("a body that never ends does not keep a slot", async () => {
    await serve({ limits: { inFlightPerAddress: 1 } });
    const slow = httpRequest(url, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": "100" },
    });
    slow.on("error", () => undefined);
    slow.write("{");
    let status = 0;
    while (status !== 429) status = (await post("{}")).status;
    slow.destroy();
    while (status !== 200) status = (await post("{}")).status;
    expect(status).toBe(200);
  });
});

describe("origins", () => {
  test("web pages are not let in unless named", async () => {
    const { headers } = await post("{}", { origin: "https://app.example" });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    const socket = new WebSocket(url.replace("http", "ws"), { origin: "https://app.example" });
    const [error] = await new Promise<[Error]>((resolve) => socket.once("error", (...args) => resolve(args)));
    expect(error.message).toContain("403");
  });

  test("named ones are", async () => {
    await serve({ cors: ["https://app.example"] });
    const { headers } = await post("{}", { origin: "https://app.example" });
    expect(headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(
      (await post("{}", { origin: "https://other.example" })).headers.get("access-control-allow-origin"),
    ).toBeNull();
    const preflight = await fetch(url, { method: "OPTIONS", headers: { origin: "https://app.example" } });
    expect([preflight.status, preflight.headers.get("access-control-allow-headers")]).toEqual([204, "content-type"]);
  });
});

describe("behind a proxy", () => {
  const limits = { socketsPerAddress: 1 };
  const open = async (client: string): Promise<string> => {
    const socket = new WebSocket(url.replace("http", "ws"), { headers: { "x-forwarded-for": client } });
    opened.push(socket);
    return await new Promise((resolve) => {
      socket.once("open", () => resolve("open"));
      socket.once("error", ({ message }) => resolve(message));
    });
  };
  const opened: WebSocket[] = [];
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.terminate();
  });

  test("each client has what an address may have", async () => {
    await serve({ limits, trustedProxies: ["127.0.0.1"] });
    expect(await open("203.0.113.1")).toBe("open");
    expect(await open("203.0.113.2")).toBe("open");
    expect(await open("198.51.100.7, 203.0.113.2")).toContain("429");
  });

  test("what clients say of themselves counts for nothing unless the proxy is named", async () => {
    await serve({ limits, trustedProxies: ["192.0.2.1"] });
    expect(await open("203.0.113.1")).toBe("open");
    expect(await open("203.0.113.2")).toContain("429");
  });
});

describe("load", () => {
  const budget = { unitsPerSecond: 1_280, surplusPerSecond: 0, burstSeconds: 0, leastBurst: 50 };

  test("a spent budget is 429 with Retry-After, and the neighbour does not notice", async () => {
    await serve({ budget });
    const neighbour = new FixtureChain(9n);
    server.addChain(chainId, fixtureBackend(chain, {}, 1));
    server.addChain(9n, fixtureBackend(neighbour, {}, 1));
    const asked = await Promise.all(
      Array.from({ length: 100 }, () => post('{"jsonrpc":"2.0","id":5,"method":"eth_blockNumber"}')),
    );
    const refused = asked.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const { text, headers } of refused) {
      expect(JSON.parse(text)).toMatchObject({ id: 5, error: { code: -32005 } });
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
    const other = url.replace(String(chainId), "9");
    expect((await post('{"jsonrpc":"2.0","id":5,"method":"eth_blockNumber"}', {}, other)).status).toBe(200);
  });

  test("a batch is refused as a whole only where all of it is", async () => {
    await serve({ budget });
    server.addChain(chainId, fixtureBackend(chain, {}, 1));
    const batch = JSON.stringify(
      Array.from({ length: 100 }, (_, id) => ({ jsonrpc: "2.0", id, method: "eth_blockNumber" })),
    );
    const first = await post(batch);
    expect(first.status).toBe(200);
    expect(JSON.parse(first.text)[0]).toMatchObject({ result: "0x0" });
    expect(JSON.parse(first.text)[99]).toMatchObject({ id: 99, error: { code: -32005 } });
  });

  test("sockets and subscriptions are bounded", async () => {
    await serve({ limits: { socketsPerAddress: 2, subscriptionsPerSocket: 3 } });
    const first = await connect();
    await connect();
    await expect(connect()).rejects.toThrow("429");
    const replies = messages(first);
    for (let id = 0; id < 4; id++)
      first.send(JSON.stringify({ jsonrpc: "2.0", id, method: "eth_subscribe", params: ["newHeads"] }));
    const answers = [];
    for (let id = 0; id < 4; id++) answers.push((await replies.next()).value);
    expect(answers.filter((answer) => "result" in answer)).toHaveLength(3);
    expect(answers).toContainEqual(expect.objectContaining({ error: expect.objectContaining({ code: -32005 }) }));
    first.terminate();
    await expect.poll(() => chain.listeners).toBe(0);
    await expect
      .poll(() =>
        connect().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });

  test("many messages at once are all answered", async () => {
    await serve({ limits: { inFlightPerSocket: 2 } });
    const socket = await connect();
    const replies = messages(socket);
    for (let id = 0; id < 500; id++)
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "eth_call", params: [{}] }));
    const ids = new Set<unknown>();
    for (let id = 0; id < 500; id++) ids.add((await replies.next()).value["id"]);
    expect(ids.size).toBe(500);
  });

  test("an oversized message closes the socket with 1009", async () => {
    const socket = await connect();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.send(new Uint8Array(5 * 1024 * 1024 + 1));
    expect(await closed).toBe(1009);
  });

  test("a call that does not end is answered after the limit", async () => {
    await serve({ limits: { callMilliseconds: 20 } });
    chain.outcome = () => new Promise(() => undefined);
    expect(await rpc("eth_call", {})).toMatchObject({ error: { code: -32002, message: "request timed out" } });
  });
});

describe("operation", () => {
  test("health and metrics", async () => {
    await rpc("eth_blockNumber");
    const health = await (await fetch(new URL("/health", url))).json();
    expect(health).toEqual({
      ok: true,
      chains: { [String(chainId)]: { status: "running", height: 0, membersUp: 4, quorum: 3, since: 1 } },
    });
    expect(await result("tributary_status")).toEqual({
      status: "running",
      height: 0,
      membersUp: 4,
      quorum: 3,
      since: 1,
      signing: null,
      nextFork: null,
      halted: null,
      divergence: null,
      stuck: false,
    });
    const metrics = await (await fetch(new URL("/metrics", url))).text();
    expect(metrics).toContain('tributary_rpc_requests_total{chain="4711",method="eth_blockNumber",code="0"} 1');
  });

  test("a taken port is said so, and starting and stopping twice does no harm", async () => {
    const { port } = await server.start({ port: 0 });
    const other = new RpcServer({ logger: pino({ level: "silent" }), registry: new Registry() });
    await expect(other.start({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await other.stop();
    await server.stop();
    await server.stop();
    await server.start({ port });
    expect(await result("net_version")).toBe("4711");
  });
});
