import { createHash } from "node:crypto";
import pino from "pino";
import { expect, test } from "vitest";
import { answer, ask, rich, solo, useSoloServer } from "./solo-server.testing.ts";
import { toRpcError } from "./to-rpc-error.ts";

// Chain id and gas limit are those of the vectors of execution-apis (tests/eth_simulateV1), so that what depends on
// the transactions alone must have their hashes.
useSoloServer(3_503_995_874_084_926n, 200_000_000);

const [c0, c1, c2] = [`0xc0${"00".repeat(19)}`, `0xc1${"00".repeat(19)}`, `0xc2${"00".repeat(19)}`] as const;

test("transfers stand in a block of their own, as in execution-apis", async () => {
  const [block] = await answer("eth_simulateV1", {
    blockStateCalls: [
      {
        stateOverrides: { [c0]: { balance: "0x3e8" } },
        calls: [
          { from: c0, to: c1, value: "0x3e8" },
          { from: c1, to: c2, value: "0x3e8" },
        ],
      },
    ],
  });
  const call = { returnData: "0x", logs: [], gasUsed: "0x5208", maxUsedGas: "0x5208", status: "0x1" };
  expect(block).toMatchObject({
    number: "0x1",
    transactionsRoot: "0x6d79cfd6f20bf10a0b3831acf15402528b00992cb9a71302596de7fbb4ebfb07",
    receiptsRoot: "0x75308898d571eafb5cd8cde8278bf5b3d13c5f6ec074926de3bb895b519264e1",
    transactions: [
      "0xf1c5abb08809ef760f87aeabe7a87284c60797192dab6d2f0d26c27c9c038e9d",
      "0xbc123d32ae457d4a444af60d1aef663c2f4a77c44a52bec0eef8ac81b53549cb",
    ],
    calls: [call, call],
  });
  // Nothing of it happened.
  expect(await answer("eth_getBalance", c2)).toBe("0x0");
});

test("full transactions, validation and a base fee, as in execution-apis", async () => {
  const [block] = await answer("eth_simulateV1", {
    blockStateCalls: [
      {
        blockOverrides: { baseFeePerGas: "0xf" },
        stateOverrides: { [c0]: { balance: "0xe8d4a51000" } },
        calls: [
          { from: c0, to: c1, maxFeePerGas: "0x10", value: "0x2540be400" },
          { from: c1, to: c2, maxFeePerGas: "0x10", value: "0x3e8" },
        ],
      },
    ],
    ...{ validation: true, returnFullTransactions: true },
  });
  expect(block).toMatchObject({
    baseFeePerGas: "0xf",
    transactionsRoot: "0x9e80508f974bbf713b286fe5a4d0fae2f54f17e33b742176cc4c5bb7e0942762",
    transactions: [
      { from: c0, blockHash: block.hash, gas: "0x2faf080", type: "0x2", r: "0x0", v: "0x0", maxFeePerGas: "0x10" },
      {
        ...{ from: c1, to: c2, transactionIndex: "0x1", gas: "0x2fa9e78" },
        hash: "0x5c78719d6ce3bf5b515e9fc3a41ab755c007645928bf35eba1a318721b774595",
      },
    ],
  });
});

test("a contract's log, with the block that it would have stood in", async () => {
  const [block] = await answer("eth_simulateV1", {
    blockStateCalls: [
      {
        stateOverrides: { [c2]: { code: `0x7f${"ff".repeat(32)}80600080a1600080f3` } },
        calls: [{ from: c0, to: c2, input: `0x6057361d${"5".padStart(64, "0")}` }],
      },
    ],
  });
  expect(block).toMatchObject({
    transactionsRoot: "0x993f97c4f2a75df90d5e253e74875b9f81fea247fc0d5040e1a9d39a3967990c",
    receiptsRoot: "0x4287aeb00e17dccbeb1e50061a9ce4bf01cc943641c2583aef0441a7a5e471cd",
    calls: [
      {
        gasUsed: "0x55d4",
        logs: [{ address: c2, topics: [`0x${"ff".repeat(32)}`], blockHash: block.hash, logIndex: "0x0" }],
      },
    ],
  });
});

test("coins that move are logged in the order of execution where that is asked for", async () => {
  /** Sends 1 to c2, logs, sends 2 to c2; 3 wei to an account that refuses them. */
  const send = (to: string, value: string): string => `60006000600060006${value}73${to.slice(2)}61c350f150`;
  const code = `0x${send(c2, "001")}60006000a0${send(c2, "002")}${send(rich.address, "003")}`;
  const state = { [c1]: { code }, [c0]: { balance: "0x9" }, [rich.address]: { code: "0x60006000fd" } };
  const plan = { stateOverrides: state, calls: [{ from: c0, to: c1, value: "0x9" }] };
  const [{ calls, logsBloom }] = await answer("eth_simulateV1", { blockStateCalls: [plan], traceTransfers: true });
  const moved = (from: string, to: string, value: number): unknown => ({
    address: `0x${"ee".repeat(20)}`,
    topics: [
      "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
      ...[from, to].map((address) => `0x${address.slice(2).padStart(64, "0")}`),
    ],
    data: `0x${value.toString(16).padStart(64, "0")}`,
  });
  expect(calls[0].logs).toMatchObject([
    moved(c0, c1, 9),
    moved(c1, c2, 1),
    { address: c1, topics: [], logIndex: "0x2" },
    moved(c1, c2, 2),
  ]);
  const [plain] = await answer("eth_simulateV1", { blockStateCalls: [plan] });
  expect(plain.calls[0].logs).toHaveLength(1);
  // The receipts do not know of them.
  expect(plain.logsBloom).toBe(logsBloom);
});

test("blocks follow each other: state, numbers, times, hashes, and what each pretends", async () => {
  await solo.mine();
  /** Returns the block's number, time, coinbase, base fee, and the hash of block 2. */
  const code = "0x4360005242602052416040524860605260024060805260a06000f3";
  const blocks = await answer("eth_simulateV1", {
    blockStateCalls: [
      { stateOverrides: { [c1]: { code } }, calls: [{ from: rich.address, to: c1, nonce: "0x0" }] },
      {
        blockOverrides: { number: "0x4", feeRecipient: c2, baseFeePerGas: "0x7", time: "0x7fffffff" },
        calls: [{ from: rich.address, to: c1 }],
      },
      { calls: [{ from: rich.address, to: c1 }] },
    ],
    returnFullTransactions: true,
  });
  expect(blocks.map(({ number }: { number: string }) => number)).toEqual(["0x2", "0x3", "0x4", "0x5"]);
  for (const [index, block] of blocks.entries()) {
    if (index > 0) expect(block.parentHash).toBe(blocks[index - 1].hash);
  }
  const head = await answer("eth_getBlockByNumber", "latest", false);
  expect(blocks[0]).toMatchObject({
    parentHash: head.hash,
    timestamp: `0x${(Number(head.timestamp) + 12).toString(16)}`,
  });
  const word = (value: string): string => value.slice(2).padStart(64, "0");
  expect(blocks[2].calls[0].returnData).toBe(
    `0x${word("0x4")}${word("0x7fffffff")}${word(c2)}${word("0x7")}${blocks[0].hash.slice(2)}`,
  );
  // The fee recipient stays, the base fee does not.
  expect(blocks[3]).toMatchObject({ miner: c2, baseFeePerGas: "0x0" });
  expect(blocks.map(({ transactions }: { transactions: { nonce: string }[] }) => transactions[0]?.nonce)).toEqual([
    ...["0x0", undefined, "0x1", "0x2"],
  ]);
});

test("what reverts or runs out of gas has an error of its own and leaves its gas used", async () => {
  const code = { [c1]: { code: "0x60006000fd" }, [c2]: { code: "0xfe" } };
  const [block] = await answer("eth_simulateV1", {
    blockStateCalls: [{ stateOverrides: code, calls: [{ to: c1 }, { to: c2, gas: "0x7530" }] }],
  });
  expect(block.calls).toMatchObject([
    { status: "0x0", returnData: "0x", logs: [], error: { code: 3, message: "execution reverted", data: "0x" } },
    { status: "0x0", gasUsed: "0x7530", error: { code: -32015, message: expect.stringContaining("invalid opcode") } },
  ]);
  expect(BigInt(block.gasUsed)).toBe(BigInt(block.calls[0].gasUsed) + 0x7530n);
});

const big = `0x${"f".repeat(16)}`;
test.each([
  [-38010, "nonce too low", { validation: true, nonce: "0x1", state: { nonce: "0x2" } }],
  [-38011, "nonce too high", { validation: true, nonce: "0x3" }],
  [-32603, "nonce has max value", { validation: true, state: { nonce: big } }],
  [-38012, "max fee per gas less than block base fee", { validation: true, block: { baseFeePerGas: "0xa" } }],
  [-38013, "intrinsic gas too low: have 0, want 21000", { gas: "0x0" }],
  [-38014, "insufficient funds for gas * price + value", { value: "0x1" }],
  [-38015, "block gas limit reached", { gas: "0x5209", block: { gasLimit: "0x5208" } }],
  [-38020, "block numbers must be in order: 0 <= 0", { block: { number: "0x0" } }],
  [-38021, "block timestamps must be in order: 1 <= 1700000000", { block: { time: "0x1" } }],
  [-38025, "max initcode size exceeded", { to: null, input: `0x${"00".repeat(49_153)}` }],
  [-38026, "too many blocks", { block: { number: "0x101" } }],
])(
  "error %d: %s",
  async (code, message, { validation = false, state = {}, block = {}, ...call }: Record<string, unknown>) => {
    const plan = { blockOverrides: block, stateOverrides: { [c0]: state }, calls: [{ from: c0, to: c1, ...call }] };
    const { error } = await ask("eth_simulateV1", { blockStateCalls: [plan], validation });
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  },
);

test("a precompile runs where it is moved to, and its own address is an account", async () => {
  const sha256 = `0x${"2".padStart(40, "0")}`;
  const calls = [
    { to: c0, input: "0x1234" },
    { to: sha256, input: "0x1234" },
  ];
  const stateOverrides = { [sha256]: { code: "0x602a60005260206000f3", movePrecompileToAddress: c0 } };
  const [moved] = await answer("eth_simulateV1", { blockStateCalls: [{ stateOverrides, calls }] });
  const digest = createHash("sha256").update(Buffer.from("1234", "hex")).digest("hex");
  const forty = `0x${"2a".padStart(64, "0")}`;
  expect(moved.calls.map((call: { returnData: string }) => call.returnData)).toEqual([`0x${digest}`, forty]);
  for (const [to, result] of [
    [c0, `0x${digest}`],
    [sha256, forty],
  ]) {
    expect(await answer("eth_call", { to, input: "0x1234" }, "latest", stateOverrides)).toBe(result);
  }
  // The next block has them where they were.
  const again = { blockStateCalls: [{ stateOverrides }, { calls }] };
  const [, back] = await answer("eth_simulateV1", again);
  expect(back.calls[1].returnData).toBe(`0x${digest}`);
});

test("what a precompile cannot do is refused, and how much may be asked is bounded", async () => {
  const override = (fields: object): unknown => ({ blockStateCalls: [{ stateOverrides: fields }] });
  const precompile = `0x${"1".padStart(40, "0")}`;
  const both = override({ [precompile]: { movePrecompileToAddress: c0 }, [c0]: { balance: "0x1" } });
  expect((await ask("eth_simulateV1", both)).error).toEqual({
    code: -32000,
    message: `account ${c0} is already overridden`,
  });
  const none = await ask("eth_simulateV1", override({ [c1]: { movePrecompileToAddress: c0 } }));
  expect(none.error).toEqual({ code: -32000, message: `account ${c1} is not a precompile` });
  const many = { blockStateCalls: [{ calls: new Array(1_001).fill({ to: c0 }) }] };
  expect((await ask("eth_simulateV1", many)).error.message).toContain("too many calls: 1001 > 1000");
  expect((await ask("eth_simulateV1", { blockStateCalls: [] })).error.message).toContain("empty input");
  // All calls together have the gas of one eth_call.
  const loop = { stateOverrides: { [c1]: { code: "0x5b600056" } }, calls: [{ to: c1 }, { to: c1 }] };
  const spent = await ask("eth_simulateV1", { blockStateCalls: [loop] });
  expect(spent.error).toMatchObject({ code: -38013, message: expect.stringContaining("have 0") });
});

test("simulations beyond those that run at once are told to come back", async () => {
  const options = { validation: false, traceTransfers: false, gas: 1_000_000n, check: () => undefined };
  const simulate = (): Promise<unknown> =>
    solo.chain.simulate("latest", [{ block: {}, state: [], calls: [] }], { ...options, bounded: (tracer) => tracer });
  const running = Array.from({ length: 4 }, simulate);
  const refused = await simulate().catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "busy" });
  expect(toRpcError(refused, pino({ level: "silent" }), "eth_simulateV1")).toMatchObject({
    ...{ name: "LimitError", code: -32005, retryAfter: 1 },
  });
  await Promise.all(running);
  await expect(simulate()).resolves.toHaveLength(1);
});

test("gas is estimated for the block after the newest one, where the transaction will be", async () => {
  // Reverts but in block 1.
  const state = { [c1]: { code: "0x43600114600a575f5ffd5b00" } };
  expect((await ask("eth_call", { to: c1 }, "latest", state)).error).toMatchObject({ code: 3 });
  expect(Number(await answer("eth_estimateGas", { to: c1 }, "latest", state))).toBeGreaterThan(21_000);
  expect((await ask("eth_estimateGas", { to: c1 }, "0x0", state)).error).toMatchObject({ code: 3 });
});
