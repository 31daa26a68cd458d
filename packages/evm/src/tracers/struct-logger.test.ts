import { expect, test } from "vitest";
import { call, push, put, TraceBench } from "../trace.fixture.ts";
import { StructLogger, type StructLoggerOptions } from "./struct-logger.ts";

async function logsOf(code: string, options: StructLoggerOptions = {}, others: Record<number, string> = {}) {
  const bench = await TraceBench.create(code, others);
  const logger = new StructLogger(options);
  const outcome = bench.trace(logger);
  const result = logger.result();
  expect(result.gas).toBe(Number(outcome.gasUsed));
  return result;
}

test("writes each instruction as geth does", async () => {
  // SSTORE(1, 5), SLOAD(1), MSTORE(0), RETURN(31, 1)
  const result = await logsOf(`${push(5)} ${push(1)} 55 ${push(1)} 54 5f 52 ${push(1)} ${push(31)} f3`);
  const slot = `0x${"0".repeat(63)}1`;
  const value = `0x${"0".repeat(63)}5`;
  expect(result).toEqual({
    gas: 43_223,
    failed: false,
    returnValue: "0x05",
    structLogs: [
      { pc: 0, op: "PUSH1", gas: 79_000, gasCost: 3, depth: 1, stack: [] },
      { pc: 2, op: "PUSH1", gas: 78_997, gasCost: 3, depth: 1, stack: ["0x5"] },
      {
        pc: 4,
        op: "SSTORE",
        gas: 78_994,
        gasCost: 22_100,
        depth: 1,
        stack: ["0x5", "0x1"],
        storage: { [slot]: value },
      },
      { pc: 5, op: "PUSH1", gas: 56_894, gasCost: 3, depth: 1, stack: [] },
      { pc: 7, op: "SLOAD", gas: 56_891, gasCost: 100, depth: 1, stack: ["0x1"], storage: { [slot]: value } },
      { pc: 8, op: "PUSH0", gas: 56_791, gasCost: 2, depth: 1, stack: ["0x5"] },
      { pc: 9, op: "MSTORE", gas: 56_789, gasCost: 6, depth: 1, stack: ["0x5", "0x0"] },
      { pc: 10, op: "PUSH1", gas: 56_783, gasCost: 3, depth: 1, stack: [] },
      { pc: 12, op: "PUSH1", gas: 56_780, gasCost: 3, depth: 1, stack: ["0x1"] },
      { pc: 14, op: "RETURN", gas: 56_777, gasCost: 0, depth: 1, stack: ["0x1", "0x1f"] },
    ],
  });
});

test("leaves out and adds what the options say", async () => {
  const callee = `${put("aabb")} ${push(2)} 5f f3`;
  const code = `${call(0xca11)} 54 00`;
  const { structLogs } = await logsOf(
    `${put("11")} ${code}`,
    { enableMemory: true, enableReturnData: true, disableStack: true, disableStorage: true },
    { 51729: callee },
  );
  const last = structLogs.at(-1);
  expect(last).toEqual({
    pc: structLogs.at(-1)?.pc,
    op: "STOP",
    gas: last?.gas,
    gasCost: 0,
    depth: 1,
    memory: [`0x11${"0".repeat(62)}`],
    returnData: "0xaabb",
  });
  expect(structLogs.every((log) => log.stack === undefined && log.storage === undefined)).toBe(true);
  expect(structLogs[0]?.memory).toBeUndefined();
  // The callee sees its own memory, and no return data yet.
  const inside = structLogs.filter((log) => log.depth === 2);
  expect(inside.map((log) => log.returnData)).toEqual(inside.map(() => undefined));
  expect(inside.at(-1)?.memory).toEqual([`0xaabb${"0".repeat(60)}`]);
});

test("counts for a call what is passed on, and for a creation not", async () => {
  // 5,000 gas to a contract that uses 5; then a creation from no code.
  const code = `5f 5f 5f 5f ${push(3)} ${push(0xca11)} ${push(5000)} f1 5f 5f 5f f0 00`;
  const bench = await TraceBench.create(code, { 51729: "5f 5f 01 00" });
  bench.state.put(0xc0de, code, 3n);
  const logger = new StructLogger();
  bench.trace(logger);
  const { structLogs } = logger.result();
  const of = (op: string) => structLogs.find((log) => log.op === op);
  expect(of("CALL")?.gasCost).toBe(2600 + 9000 + 5000);
  expect(structLogs.filter((log) => log.depth === 2).map((log) => log.gas)).toEqual([7300, 7298, 7296, 7293]);
  expect(of("CREATE")?.gasCost).toBe(32_000);
});

test("says why an instruction was not executed, and what it would have cost", async () => {
  const ends = async (code: string) => {
    const { structLogs, failed, returnValue } = await logsOf(code);
    expect([failed, returnValue]).toEqual([true, "0x"]);
    const { op, gasCost, error } = structLogs.at(-1) ?? {};
    return { op, gasCost, error };
  };
  expect(await ends("01")).toEqual({ op: "ADD", gasCost: 3, error: "stack underflow (0 <=> 2)" });
  expect(await ends("5f 56")).toEqual({ op: "JUMP", gasCost: 8, error: undefined });
  expect(await ends(`${push(9)} 56`)).toEqual({ op: "JUMP", gasCost: 8, error: undefined });
  expect(await ends("0c")).toEqual({ op: "opcode 0xc not defined", gasCost: 0, error: undefined });
  expect(await ends("fe")).toEqual({ op: "INVALID", gasCost: 0, error: undefined });
  // 8,192 words: 3 * 8192 + 8192 * 8192 / 512
  expect(await ends(`${push(262_112)} 51`)).toEqual({ op: "MLOAD", gasCost: 155_651, error: "out of gas" });
  expect(await ends(`${push(2n ** 64n)} 51`)).toEqual({ op: "MLOAD", gasCost: 3, error: "gas uint64 overflow" });
  const far = { op: "KECCAK256", gasCost: 30, error: "out of gas: gas uint64 overflow" };
  expect(await ends(`${push(2n ** 60n)} 5f 20`)).toEqual(far);
});

test("an instruction without gas costs what its account's and slot's warmth says", async () => {
  const last = async (code: string, gas: bigint) => {
    const bench = await TraceBench.create(code);
    const logger = new StructLogger();
    bench.trace(logger, { gasLimit: 21_000n + gas });
    const { op, gasCost, error } = logger.result().structLogs.at(-1) ?? {};
    return [op, gasCost, error];
  };
  expect(await last("5f 54", 50n)).toEqual(["SLOAD", 2100, "out of gas"]);
  expect(await last("5f 54 5f 54", 2150n)).toEqual(["SLOAD", 100, "out of gas"]);
  expect(await last(`${push(0xbeef)} 31`, 150n)).toEqual(["BALANCE", 2600, "out of gas"]);
  expect(await last(`${push(0xbeef)} 31`, 50n)).toEqual(["BALANCE", 100, "out of gas"]);
  expect(await last(`${push(1)} 5f 55`, 2305n)).toEqual([
    "SSTORE",
    0,
    "out of gas: not enough gas for reentrancy sentry",
  ]);
  expect(await last(`${push(1)} 5f 55`, 10_000n)).toEqual(["SSTORE", 22_100, "out of gas"]);
  expect(await last(call(0xbeef, 1), 20_000n)).toEqual(["CALL", 2600 + 9000 + 25_000, "out of gas"]);
});

test("shows the refund counter as SSTORE is charged", async () => {
  const bench = await TraceBench.create("5f 5f 55 00");
  bench.state.store(0xc0de, 0, 9);
  const logger = new StructLogger();
  bench.trace(logger);
  expect(logger.result().structLogs.map(({ op, refund }) => [op, refund])).toEqual([
    ["PUSH0", undefined],
    ["PUSH0", undefined],
    ["SSTORE", 4800],
    ["STOP", 4800],
  ]);
});

test("keeps what a revert returns", async () => {
  const { failed, returnValue } = await logsOf(`${put("c0ffee")} ${push(3)} 5f fd`);
  expect([failed, returnValue]).toEqual([true, "0xc0ffee"]);
});

test("limit keeps what was there once so many bytes were reached", async () => {
  const all = await logsOf("5b".repeat(100));
  const some = await logsOf("5b".repeat(100), { limit: 300 });
  expect(all.structLogs.length).toBe(101);
  expect(some.structLogs.length).toBe(5);
  expect(some.structLogs).toEqual(all.structLogs.slice(0, 5));
  expect(some.gas).toBe(all.gas);
});

test("ends the execution where the trace gets too large", async () => {
  const endless = "5b 5f 56";
  const bench = await TraceBench.create(endless);
  const tooLarge = expect.objectContaining({ code: "TRACE_TOO_LARGE" });
  expect(() => bench.trace(new StructLogger({ maxBytes: 10_000 }), { gasLimit: 30_000_000n })).toThrow(tooLarge);
  expect(() => bench.evm.changes()).toThrow(expect.objectContaining({ code: "EVM_NO_BLOCK" }));
  // Each step would show a megabyte.
  const wide = await TraceBench.create(`${push(1_000_000)} 51 5b ${push(5)} 56`);
  expect(() => wide.trace(new StructLogger({ enableMemory: true }), { gasLimit: 30_000_000n })).toThrow(tooLarge);
  expect(bench.plain().status).toBe("halt");
});
