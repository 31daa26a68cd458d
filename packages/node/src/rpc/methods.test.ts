import { type Hex, keccak256, parseTransaction, recoverTransactionAddress } from "viem";
import { beforeEach, describe, expect, test } from "vitest";
import {
  account,
  chain,
  chainId,
  connect,
  emitter,
  messages,
  post,
  result,
  rpc,
  send,
  server,
  topic,
  useServer,
} from "./test-server.testing.ts";

useServer();

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
      [{}, "latest", { [address]: { state: {}, stateDiff: {} } }],
      `invalid argument 2: ${address}: account ${address} has both 'state' and 'stateDiff'`,
    ],
    [
      "eth_call",
      [{}, "latest", {}, { beaconRoot: `0x${"00".repeat(32)}` }],
      'invalid argument 3: block override "beaconRoot" is not supported for this RPC method',
    ],
    ["eth_sendRawTransaction", ["0xzz"], "invalid argument 0: invalid hex string"],
    [
      "eth_feeHistory",
      ["0x2", "latest", [20, 10]],
      "invalid argument 2: invalid reward percentile: #1 is not above #0",
    ],
    ["eth_getLogs", [{ fromBlock: "0x1", toBlock: "0x0" }], "invalid block range params"],
    ["eth_newFilter", [{ fromBlock: "0x1", toBlock: "0x0" }], "invalid block range params"],
    ["eth_getLogs", [{ toBlock: "0x10" }], "block range extends beyond current head block"],
    ["eth_getLogs", [{ topics: ["0x1"] }], "invalid argument 0: topics 0: hex string has length 1, want 64"],
    ["eth_chainId", [1], "too many arguments, want at most 0"],
  ])("%s %j", async (method, params, message) => {
    expect(await rpc(method, ...params)).toMatchObject({ error: { code: -32602, message } });
  });
});

describe("blocks and transactions", () => {
  beforeEach(() => {
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

  test("the pending block follows the newest one, is empty, and lacks what geth leaves out", async () => {
    await send();
    chain.mine();
    const latest = (await result("eth_getBlockByNumber", "latest")) as Record<string, unknown>;
    const pending = (await result("eth_getBlockByNumber", "pending")) as Record<string, unknown>;
    expect(Object.keys(pending)).toEqual(Object.keys(latest));
    const nulls = Object.keys(pending).filter((name) => pending[name] === null);
    expect(nulls).toEqual(["hash", "nonce", "miner"]);
    const empty = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
    expect(pending).toMatchObject({ number: "0x2", parentHash: latest["hash"], transactions: [], gasUsed: "0x0" });
    expect(pending).toMatchObject({ logsBloom: `0x${"00".repeat(256)}`, transactionsRoot: empty, receiptsRoot: empty });
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
    chain.blockWindow = 5_000;
    const window = { oldestBlock: "0x2", deleteStrategy: { type: "window", retentionBlocks: "0x1388" } };
    expect(await result("eth_capabilities")).toMatchObject({
      tx: window,
      logs: window,
      receipts: window,
      blocks: window,
    });
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

  test("receipts come a block at a time, of the transactions that were named", async () => {
    const hashes = [await send(), await send(), await send()];
    const socket = await connect();
    const replies = messages(socket);
    const ids: unknown[] = [];
    for (const options of [
      [{ transactionHashes: [hashes[1]] }],
      [],
      [{ transactionHashes: [`0x${"77".repeat(32)}`] }],
    ]) {
      const params = ["transactionReceipts", ...options];
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 7, method: "eth_subscribe", params }));
      ids.push((await replies.next()).value["result"]);
    }
    chain.mine();
    const receipts = (await result("eth_getBlockReceipts", "latest")) as unknown[];
    expect((await replies.next()).value).toMatchObject({ params: { subscription: ids[0], result: [receipts[1]] } });
    expect((await replies.next()).value).toMatchObject({ params: { subscription: ids[1], result: receipts } });
    const many = { transactionHashes: new Array(201).fill(hashes[0]) };
    socket.send(
      JSON.stringify({ jsonrpc: "2.0", id: 8, method: "eth_subscribe", params: ["transactionReceipts", many] }),
    );
    expect((await replies.next()).value).toMatchObject({
      error: { code: -32602, message: "invalid argument 1: transactionHashes: at most 200" },
    });
  });

  test("with fromBlock the past comes first, from a block that is kept", async () => {
    for (let i = 0; i < 3; i++) chain.mine();
    const socket = await connect();
    const replies = messages(socket);
    const subscribe = async (...params: unknown[]): Promise<Record<string, unknown>> => {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 7, method: "eth_subscribe", params }));
      return (await replies.next()).value;
    };
    const { result: id } = await subscribe("newHeads", { fromBlock: "0x2" });
    for (const number of ["0x2", "0x3"]) {
      expect((await replies.next()).value).toMatchObject({ params: { subscription: id, result: { number } } });
    }
    chain.mine();
    expect((await replies.next()).value).toMatchObject({ params: { subscription: id, result: { number: "0x4" } } });
    chain.oldestBlock = 2;
    expect(await subscribe("logs", { fromBlock: "0x1" })).toMatchObject({ error: { code: 4444 } });
    expect(await subscribe("newHeads", { fromBlock: "x" })).toMatchObject({ error: { code: -32602 } });
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 8, method: "eth_unsubscribe", params: [id] }));
    expect((await replies.next()).value).toMatchObject({ id: 8, result: true });
    for (let i = 0; i < 10_000; i++) chain.mine();
    expect(await subscribe("newHeads", { fromBlock: "0x2" })).toMatchObject({
      error: { code: -32602, message: "exceed maximum block range: begin at 0x5 at the earliest" },
    });
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

test.each(["evm_snapshot", "evm_revert", "evm_mine", "evm_increaseTime", "evm_setNextBlockTimestamp"])(
  "%s is refused where others may run the chain too",
  async (method) => {
    const { error } = await rpc(method, "0x1");
    expect(error).toMatchObject({ code: -32601, message: expect.stringContaining("one member only") });
  },
);
