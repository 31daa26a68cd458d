import { decodeErrorResult, encodeErrorResult, type Hex, hexToBigInt, parseAbi } from "viem";
import { expect, test } from "vitest";
import { answer, ask, rich, sendSolo, solo, useSoloServer } from "./solo-server.testing.ts";

useSoloServer();

const abi = parseAbi(["error Error(string)"]);
const refusal = encodeErrorResult({ abi, errorName: "Error", args: ["no"] });

/** Creation code of a contract with this code. */
function creation(code: string): Hex {
  return `0x61${(code.length / 2).toString(16).padStart(4, "0")}80600a3d393df3${code}`;
}

/** Reverts with Error("no"). */
const reverter = `60${(refusal.length / 2 - 1).toString(16)}600c60003960${(refusal.length / 2 - 1).toString(16)}6000fd${refusal.slice(2)}`;

/** Counts in slot 0, calls its argument with four bytes, logs what the call gave, and goes on. */
const counter = "60005460010160005560006000600460006000600035611000f1600052602060002060206000a100";

async function deploy(code: string): Promise<Hex> {
  const hash = await sendSolo({ data: creation(code) });
  await solo.mine();
  return (await answer("eth_getTransactionReceipt", hash)).contractAddress;
}

const wordOf = (address: string): Hex => `0x${address.slice(2).padStart(64, "0")}`;

/** Two calls in one block, of which the second is the interesting one. */
async function scene(): Promise<{ target: Hex; inner: Hex; first: Hex; second: Hex; block: string }> {
  const inner = await deploy(reverter);
  const target = await deploy(counter);
  const first = await sendSolo({ to: target, data: wordOf(inner) });
  const second = await sendSolo({ to: target, data: wordOf(inner), value: 3n });
  await solo.mine();
  return { target, inner, first, second, block: "0x3" };
}

test("each tracer tells what a transaction did on the state before it", async () => {
  const { target, inner, second } = await scene();
  const receipt = await answer("eth_getTransactionReceipt", second);
  const steps = await answer("debug_traceTransaction", second);
  expect(steps).toMatchObject({ gas: Number(receipt.gasUsed), failed: false, returnValue: "0x" });
  const loads = steps.structLogs.filter(({ op }: { op: string }) => op === "SSTORE");
  // The block's first transaction had counted to 1.
  expect(loads[0].stack.slice(-2)).toEqual(["0x2", "0x0"]);
  const call = await answer("debug_traceTransaction", second, {
    tracer: "callTracer",
    tracerConfig: { withLog: true },
  });
  expect(call).toMatchObject({
    ...{ type: "CALL", from: rich.address.toLowerCase(), to: target, value: "0x3", gasUsed: receipt.gasUsed },
    calls: [{ type: "CALL", from: target, to: inner, error: "execution reverted", revertReason: "no" }],
    logs: [{ address: target, index: "0x1", position: "0x1" }],
  });
  expect(decodeErrorResult({ abi, data: call.calls[0].output }).args).toEqual(["no"]);
  const slot = `0x${"00".repeat(32)}`;
  const pre = await answer("debug_traceTransaction", second, { tracer: "prestateTracer" });
  expect(pre[target].storage).toEqual({ [slot]: `0x${"1".padStart(64, "0")}` });
  expect(pre[rich.address.toLowerCase()]).toMatchObject({ nonce: 3 });
  const diff = await answer("debug_traceTransaction", second, {
    ...{ tracer: "prestateTracer", tracerConfig: { diffMode: true } },
  });
  expect(diff.post[target]).toEqual({ balance: "0x3", storage: { [slot]: `0x${"2".padStart(64, "0")}` } });
  expect(await answer("debug_traceTransaction", second, { tracer: "4byteTracer" })).toEqual({
    ["0x00000000-0"]: 1,
    [`0x00000000-28`]: 1,
  });
});

test("a block's traces are those of its transactions, by number and by hash", async () => {
  const { first, second, block } = await scene();
  const tracer = { tracer: "callTracer", timeout: "1.5s" };
  const traces = await answer("debug_traceBlockByNumber", block, tracer);
  expect(traces).toEqual([
    { txHash: first, result: await answer("debug_traceTransaction", first, tracer) },
    { txHash: second, result: await answer("debug_traceTransaction", second, tracer) },
  ]);
  const { hash } = await answer("eth_getBlockByNumber", block, false);
  expect(await answer("debug_traceBlockByHash", hash, tracer)).toEqual(traces);
  expect(await answer("debug_traceBlockByNumber", "latest", tracer)).toEqual(traces);
});

test("a call is traced on a state that is pretended", async () => {
  const { target, inner } = await scene();
  const call = { from: rich.address, to: target, data: wordOf(inner), gas: "0x186a0" };
  const state = { [target]: { state: { [`0x${"00".repeat(32)}`]: `0x${"9".padStart(64, "0")}` } } };
  const diff = await answer("debug_traceCall", call, "latest", {
    ...{ tracer: "prestateTracer", tracerConfig: { diffMode: true }, stateOverrides: state },
  });
  expect(hexToBigInt(diff.post[target].storage[`0x${"00".repeat(32)}`])).toBe(10n);
  const reverted = await answer("debug_traceCall", { to: inner }, "latest", { tracer: "callTracer" });
  expect(reverted).toMatchObject({ error: "execution reverted", revertReason: "no", to: inner });
  // What was traced is forgotten.
  expect(await answer("eth_getStorageAt", target, "0x0")).toBe(`0x${"2".padStart(64, "0")}`);
});

test("what cannot be traced is refused by its reason", async () => {
  const { target, inner, second } = await scene();
  const zero = `0x${"00".repeat(32)}`;
  const { hash } = await answer("eth_getBlockByNumber", "0x0", false);
  for (const [method, params, message] of [
    ["debug_traceTransaction", [zero], "transaction not found"],
    ["debug_traceBlockByHash", [zero], `block ${zero} not found`],
    ["debug_traceBlockByHash", [hash], "genesis is not traceable"],
    ["debug_traceBlockByNumber", ["0x0"], "genesis is not traceable"],
    ["debug_traceBlockByNumber", ["0x99"], "block #153 not found"],
    ["debug_traceTransaction", [second, { tracer: "{ result: function() {} }" }], "tracer not found"],
    ["debug_traceTransaction", [second, { timeout: "0s" }], "execution timeout"],
  ] as const) {
    expect((await ask(method, ...params)).error).toEqual({ code: -32000, message });
  }
  expect((await ask("debug_traceTransaction", second, { timeout: "soon" })).error.code).toBe(-32602);
  expect((await ask("debug_traceCall", { to: target }, "latest", { txIndex: "0x0" })).error.code).toBe(-32004);
  // An endless loop with memory written down at each step.
  const flood = { [inner]: { code: "0x5b61ffff51600056" } };
  const large = await ask("debug_traceCall", { to: inner }, "latest", { enableMemory: true, stateOverrides: flood });
  expect(large.error.code).toBe(-32003);
  for (let i = 0; i < 70; i++) await solo.mine();
  const old = await ask("debug_traceTransaction", second);
  expect(old.error).toMatchObject({
    code: -32000,
    message: expect.stringContaining("historical state is not available"),
  });
});
