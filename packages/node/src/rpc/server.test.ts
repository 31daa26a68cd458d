import { request as httpRequest } from "node:http";
import pino from "pino";
import { Registry } from "prom-client";
import { type Hex, keccak256, parseTransaction, recoverTransactionAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { FixtureChain, fixtureBackend } from "./fixture-chain.testing.ts";
import { RpcServer, type RpcServerOptions } from "./server.ts";

const chainId = 4711n;
const account = privateKeyToAccount(`0x${"42".repeat(32)}`);
const emitter = new Uint8Array(20).fill(0xee);
const topic = new Uint8Array(32).fill(0x70);

let server: RpcServer;
let chain: FixtureChain;
let url: string;
let sockets: WebSocket[];

async function serve(options: Partial<RpcServerOptions> = {}): Promise<void> {
  await server?.stop();
  server = new RpcServer({ logger: pino({ level: "silent" }), registry: new Registry(), ...options });
  chain = new FixtureChain(chainId);
  server.addChain(chainId, fixtureBackend(chain));
  const { port } = await server.start({ port: 0 });
  url = `http://127.0.0.1:${port}/chains/${chainId}`;
  sockets = [];
}

beforeEach(() => serve());
afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  await server.stop();
});

type Reply = { status: number; headers: Headers; text: string };

async function post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Reply> {
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

// biome-ignore lint/suspicious/noExplicitAny: answers are compared as plain JSON
async function rpc(method: string, ...params: unknown[]): Promise<any> {
  const { text } = await post(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
  return JSON.parse(text);
}

async function result(method: string, ...params: unknown[]): Promise<unknown> {
  const answer = await rpc(method, ...params);
  expect(answer.error).toBeUndefined();
  return answer.result;
}

let nonce = 0;
async function send(): Promise<Hex> {
  const raw = await account.signTransaction({
    ...{ type: "eip1559", chainId: Number(chainId), nonce: nonce++, to: account.address, value: 1n, gas: 21_000n },
    ...{ maxFeePerGas: 5n, maxPriorityFeePerGas: 2n },
  });
  return (await result("eth_sendRawTransaction", raw)) as Hex;
}

async function connect(path = url): Promise<WebSocket> {
  const socket = new WebSocket(path.replace("http", "ws"));
  sockets.push(socket);
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Messages of a socket in the order of arrival. */
function messages(socket: WebSocket): AsyncIterator<Record<string, unknown>> {
  const queue: Record<string, unknown>[] = [];
  let wake: (() => void) | undefined;
  socket.on("message", (message) => {
    queue.push(JSON.parse(message.toString()));
    wake?.();
  });
  return {
    async next() {
      while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return { value: queue.shift() ?? {}, done: false };
    },
  };
}

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
    url = url.replace(String(chainId), "9");
    expect((await post('{"jsonrpc":"2.0","id":5,"method":"eth_blockNumber"}')).status).toBe(200);
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

describe("arguments", () => {
  const address = account.address;
  test.each([
    ["eth_getBalance", [], "missing value for required argument 0"],
    ["eth_getBalance", [null], "missing value for required argument 0"],
    ["eth_getBalance", [5], "invalid argument 0: want a hex string, got number"],
    ["eth_getBalance", ["0x12"], "invalid argument 0: hex string has length 2, want 40"],
    ["eth_getBalance", [address, "newest"], "invalid argument 1: hex string without 0x prefix"],
    ["eth_getBalance", [address, "0x01"], "invalid argument 1: hex number with leading zero digits"],
    ["eth_getBalance", [address, {}], "invalid argument 1: want blockNumber or blockHash"],
    ["eth_getBalance", [address, "latest", 1], "too many arguments, want at most 2"],
    ["eth_getBlockByNumber", ["latest", "yes"], "invalid argument 1: want true or false, got string"],
    ["eth_getBlockByHash", ["0x12"], "invalid argument 0: hex string has length 2, want 64"],
    ["eth_call", [[]], "invalid argument 0: want a call object, got array"],
    ["eth_call", [{ to: "0x" }], "invalid argument 0: to: hex string has length 0, want 40"],
    [
      "eth_call",
      [{ gasPrice: "0x1", maxFeePerGas: "0x1" }],
      "invalid argument 0: both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
    ],
    [
      "eth_call",
      [{ data: "0x12", input: "0x13" }],
      'invalid argument 0: both "data" and "input" are set and not equal. Please use "input" to pass transaction call data',
    ],
    [
      "eth_call",
      [{}, "latest", { [address]: { state: {} } }],
      `invalid argument 2: ${address}: state cannot be overridden here`,
    ],
    ["eth_sendRawTransaction", ["0xzz"], "invalid argument 0: invalid hex string"],
    [
      "eth_feeHistory",
      ["0x2", "latest", [20, 10]],
      "invalid argument 2: invalid reward percentile: #1 is not above #0",
    ],
    ["eth_getLogs", [{ fromBlock: "0x1", toBlock: "0x0" }], "invalid block range params"],
    ["eth_getLogs", [{ toBlock: "0x10" }], "block range extends beyond current head block"],
    ["eth_getLogs", [{ topics: ["0x1"] }], "invalid argument 0: topics 0: hex string has length 1, want 64"],
    ["eth_chainId", [1], "too many arguments, want at most 0"],
  ])("%s %j", async (method, params, message) => {
    expect(await rpc(method, ...params)).toMatchObject({ error: { code: -32602, message } });
  });
});

describe("blocks and transactions", () => {
  beforeEach(() => {
    nonce = 0;
    chain.logsOf = () => [{ address: emitter, topics: [topic], data: new Uint8Array([1, 2]) }];
  });

  test("a transaction can be followed from the pool into a block", async () => {
    const hash = await send();
    expect(await result("eth_getTransactionByHash", hash)).toMatchObject({
      hash,
      blockHash: null,
      from: account.address.toLowerCase(),
    });
    expect(await result("eth_getTransactionReceipt", hash)).toBeNull();
    expect(await result("eth_getTransactionCount", account.address, "pending")).toBe("0x1");
    expect(await result("eth_getTransactionCount", account.address)).toBe("0x0");
    chain.mine();
    expect(await result("eth_getTransactionReceipt", hash)).toMatchObject({
      ...{
        transactionHash: hash,
        blockNumber: "0x1",
        status: "0x1",
        type: "0x2",
        effectiveGasPrice: "0x0",
        contractAddress: null,
      },
      logs: [{ address: `0x${"ee".repeat(20)}`, data: "0x0102", logIndex: "0x0", removed: false }],
    });
    expect(await result("eth_getTransactionCount", account.address)).toBe("0x1");
    const raw = (await result("eth_getRawTransactionByHash", hash)) as Hex;
    expect(keccak256(raw)).toBe(hash);
    expect(parseTransaction(raw).value).toBe(1n);
    expect(await recoverTransactionAddress({ serializedTransaction: raw as `0x02${string}` })).toBe(account.address);
  });

  test("blocks have the fields of execution-apis and no others", async () => {
    const hash = await send();
    chain.mine();
    const block = (await result("eth_getBlockByNumber", "latest", true)) as Record<string, unknown>;
    expect(Object.keys(block).sort()).toEqual(
      [
        ...["baseFeePerGas", "blobGasUsed", "difficulty", "excessBlobGas", "extraData", "gasLimit", "gasUsed", "hash"],
        ...["logsBloom", "miner", "mixHash", "nonce", "number", "parentBeaconBlockRoot", "parentHash", "receiptsRoot"],
        ...[
          "requestsHash",
          "sha3Uncles",
          "size",
          "stateRoot",
          "timestamp",
          "transactions",
          "transactionsRoot",
          "uncles",
        ],
        ...["withdrawals", "withdrawalsRoot"],
      ].sort(),
    );
    expect(block["transactions"]).toMatchObject([
      { hash, blockNumber: "0x1", transactionIndex: "0x0", yParity: expect.any(String) },
    ]);
    expect(keccak256((await result("debug_getRawHeader", "0x1")) as Hex)).toBe(block["hash"]);
    expect(await result("eth_getBlockByHash", block["hash"], false)).toEqual({ ...block, transactions: [hash] });
    expect(BigInt(block["size"] as string)).toBe(
      BigInt(((await result("debug_getRawBlock", "0x1")) as string).length / 2 - 1),
    );
  });

  test("what does not exist is null; what is gone is an error", async () => {
    for (let i = 0; i < 4; i++) chain.mine();
    expect(await result("eth_getBlockByNumber", "0x9", false)).toBeNull();
    expect(await result("eth_getBlockReceipts", "0x9")).toBeNull();
    expect(await rpc("eth_getBalance", account.address, "0x9")).toMatchObject({
      error: { code: -32000, message: "header not found" },
    });
    chain.oldestBlock = 2;
    chain.oldestState = 3;
    for (const [method, params] of [
      ["eth_getBlockByNumber", ["0x1", false]],
      ["eth_getBlockReceipts", ["0x1"]],
      ["eth_getLogs", [{ fromBlock: "0x0", toBlock: "0x3" }]],
    ] as const) {
      expect(await rpc(method, ...params)).toMatchObject({ error: { code: 4444 } });
    }
    expect(await result("eth_getBlockByNumber", "earliest", false)).toMatchObject({ number: "0x2" });
    expect((await rpc("eth_getBalance", account.address, "0x2")).error).toEqual({
      code: -32000,
      message: "historical state is not available: block 2 is too old",
    });
  });

  test("logs: filters, ranges and too many of them", async () => {
    await send();
    chain.mine();
    await send();
    chain.mine();
    const logs = (filter: object): Promise<unknown> => result("eth_getLogs", filter);
    expect(await logs({ fromBlock: "earliest" })).toHaveLength(2);
    expect(await logs({ fromBlock: "0x2", toBlock: "latest", topics: [[`0x${"70".repeat(32)}`]] })).toHaveLength(1);
    expect(await logs({ fromBlock: "0x0", address: account.address })).toEqual([]);
    const block = chain.block(1);
    expect(await logs({ blockHash: `0x${Buffer.from(block?.hash ?? []).toString("hex")}` })).toHaveLength(1);
    chain.logsOf = () => new Array(10_001).fill({ address: emitter, topics: [topic], data: new Uint8Array(0) });
    await send();
    chain.mine();
    expect(await rpc("eth_getLogs", { fromBlock: "0x0" })).toMatchObject({
      error: { code: -32005, message: "query returned more than 10000 results: try [0x0, 0x1]" },
    });
  });

  test("polled filters give what is new, once", async () => {
    const [logFilter, blockFilter, pendingFilter] = await Promise.all([
      result("eth_newFilter", { topics: [] }),
      result("eth_newBlockFilter"),
      result("eth_newPendingTransactionFilter"),
    ]);
    const hash = await send();
    const block = chain.mine();
    expect(await result("eth_getFilterChanges", pendingFilter)).toEqual([hash]);
    expect(await result("eth_getFilterChanges", blockFilter)).toEqual([`0x${Buffer.from(block.hash).toString("hex")}`]);
    expect(await result("eth_getFilterChanges", logFilter)).toMatchObject([{ transactionHash: hash }]);
    for (const filter of [logFilter, blockFilter, pendingFilter]) {
      expect(await result("eth_getFilterChanges", filter)).toEqual([]);
      expect(await result("eth_uninstallFilter", filter)).toBe(true);
      expect(await result("eth_uninstallFilter", filter)).toBe(false);
      expect(await rpc("eth_getFilterChanges", filter)).toMatchObject({
        error: { code: -32000, message: "filter not found" },
      });
    }
    expect(chain.listeners).toBe(0);
  });

  test("reverts are code 3 with data; refusals keep their words", async () => {
    chain.outcome = async () => ({ kind: "revert", gasUsed: 30_000n, data: new Uint8Array([1, 2, 3, 4]) });
    for (const method of ["eth_call", "eth_estimateGas"]) {
      expect((await rpc(method, {})).error).toEqual({ code: 3, message: "execution reverted", data: "0x01020304" });
    }
    await send();
    chain.mine();
    nonce = 0;
    const raw = await account.signTransaction({
      chainId: Number(chainId),
      nonce: 0,
      gas: 21_000n,
      gasPrice: 0n,
      to: null,
      type: "legacy",
    });
    expect((await rpc("eth_sendRawTransaction", raw)).error).toEqual({
      code: -32000,
      message: "nonce too low: next nonce 1, tx nonce 0",
    });
    expect(await rpc("eth_call", { chainId: "0x1" })).toMatchObject({ error: { code: -32000 } });
  });

  test("a fault of the node is not described to strangers", async () => {
    chain.outcome = async () => {
      throw new Error("secret path");
    };
    expect((await rpc("eth_call", {})).error).toEqual({ code: -32603, message: "internal error" });
  });
});

describe("subscriptions", () => {
  test("the id comes before the first event, then blocks, logs and hashes", async () => {
    chain.logsOf = () => [{ address: emitter, topics: [topic], data: new Uint8Array(0) }];
    nonce = 0;
    const socket = await connect();
    const replies = messages(socket);
    const ids: unknown[] = [];
    for (const params of [
      ["newHeads"],
      ["logs", { address: `0x${"ee".repeat(20)}` }],
      ["logs", { address: account.address }],
      ["newPendingTransactions"],
    ]) {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 7, method: "eth_subscribe", params }));
      ids.push((await replies.next()).value["result"]);
    }
    const hash = await send();
    expect((await replies.next()).value).toEqual({
      jsonrpc: "2.0",
      method: "eth_subscription",
      params: { subscription: ids[3], result: hash },
    });
    chain.mine();
    expect((await replies.next()).value).toMatchObject({ params: { subscription: ids[0], result: { number: "0x1" } } });
    expect((await replies.next()).value).toMatchObject({
      params: { subscription: ids[1], result: { transactionHash: hash } },
    });
    for (const id of ids) {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "eth_unsubscribe", params: [id] }));
      expect((await replies.next()).value).toEqual({ jsonrpc: "2.0", id, result: true });
    }
    expect(chain.listeners).toBe(0);
  });

  test("over HTTP they are not available", async () => {
    expect(await rpc("eth_subscribe", "newHeads")).toMatchObject({
      error: { code: -32601, message: "notifications not supported" },
    });
  });

  test("a chain that is removed closes its sockets and answers 404", async () => {
    const socket = await connect();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    server.removeChain(chainId);
    expect(await closed).toBe(1001);
    expect((await post("{}")).status).toBe(404);
    await expect(connect()).rejects.toThrow("404");
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
