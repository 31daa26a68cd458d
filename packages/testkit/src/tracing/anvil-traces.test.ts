import { call, name, push, put, word } from "@tributary/evm/trace.fixture";
import type { TraceOptions } from "@tributary/evm/tracers/make-tracer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CallTrace, withLimit, withoutEmpty, withoutStructDifferences } from "./anvil-differences.ts";
import { TracedPair } from "./traced-pair.ts";

const MAIN = 0x10001;
const LOGGER = 0x10002;
const REVERTER = 0x10003;
const bytecode = (...parts: string[]): string => `0x${parts.join("").replaceAll(/\s/g, "")}`;

const text = "too little".padEnd(32, "\0");
const reverter = [
  `7f08c379a0${"0".repeat(56)} 5f 52 ${push(32)} ${push(4)} 52 ${push(10)} ${push(36)} 52`,
  `7f${Buffer.from(text).toString("hex")} ${push(68)} 52 ${push(100)} 5f fd`,
];
const send = (to: number, op: string, value = "") => `5f 5f ${push(4)} 5f ${value} ${push(to)} 5a ${op} 50`;
const init = put("60015ff3");
const main = [
  `${put("a9059cbb")} ${push(7)} 5f 55 ${push(1)} 54 50 5f ${push(2)} 55`,
  `${push(0xaa)} ${push(4)} 5f a1`,
  send(LOGGER, "f1", "5f"),
  `${push(0xab)} ${push(4)} 5f a1`,
  send(LOGGER, "f4"),
  send(LOGGER, "f2", push(1)),
  send(REVERTER, "fa"),
  send(4, "f1", "5f"),
  `${call(0xdead)} 50 ${call(LOGGER, 10 ** 6)} 50`,
  `${push(0xbeef)} 31 50`,
  `${init} ${push(4)} 5f 5f f0 50`,
  `${push(77)} ${push(4)} 5f 5f f5 50`,
  `${put("5f5ffd")} ${push(3)} 5f 5f f0 50`,
  `${put("30ff")} ${push(2)} 5f ${push(3)} f0 50`,
  `${push(32)} 5f f3`,
];

let pair: TracedPair;
beforeAll(async () => {
  pair = await TracedPair.start([
    {
      address: name(MAIN),
      code: bytecode(...main),
      balance: 100n,
      storage: { [word(1)]: word(5), [word(2)]: word(9) },
    },
    { address: name(LOGGER), code: bytecode(`${push(0xac)} 5f 5f a1 00`) },
    { address: name(REVERTER), code: bytecode(...reverter) },
  ]);
});
afterAll(() => pair.stop());

const structs: TraceOptions = { enableMemory: true, enableReturnData: true };
const calls: TraceOptions = { tracer: "callTracer", tracerConfig: { withLog: true } };
const INTRINSIC = 21_000n;
const request = { to: name(MAIN), gas: 500_000n, value: 3n };

test("a call that does all kinds of things", async () => {
  const [steps, frames] = await pair.call(request, [structs, calls]);
  expect(withoutStructDifferences(steps?.ours)).toEqual(withoutStructDifferences(steps?.theirs));
  expect(frames?.ours).toEqual(withLimit(frames?.theirs, INTRINSIC));
});

test("a transaction that does all kinds of things", async () => {
  const prestate = { tracer: "prestateTracer" };
  const diff = { tracer: "prestateTracer", tracerConfig: { diffMode: true } };
  const options = [structs, calls, prestate, diff, { tracer: "4byteTracer" }];
  const [steps, frames, before, changes, selectors] = await pair.transaction(request, options);
  const trace = withoutStructDifferences(steps?.ours);
  expect(trace).toEqual(withoutStructDifferences(steps?.theirs));
  expect(trace.structLogs.length).toBeGreaterThan(150);
  const root = frames?.ours as CallTrace;
  expect(root).toEqual(withLimit(frames?.theirs, INTRINSIC));
  expect(root.calls?.length).toBe(11);
  expect(before?.ours).toEqual(withoutEmpty(before?.theirs));
  const theirs = changes?.theirs as { readonly pre: unknown; readonly post: unknown };
  expect(changes?.ours).toEqual({ pre: withoutEmpty(theirs.pre), post: theirs.post });
  // anvil counts the call of a precompile, too.
  expect([selectors?.ours, selectors?.theirs]).toEqual([{ "0xa9059cbb-0": 4 }, { "0xa9059cbb-0": 5 }]);
});

/** Code, and its error in geth's and in anvil's words. */
const failures: readonly (readonly [code: string, ours: string | undefined, theirs: string | undefined])[] = [
  [`${push(5)} 5f 5f fd`, "execution reverted", "execution reverted"],
  [`${put("4e487b71")} ${push(0x11)} ${push(4)} 52 ${push(36)} 5f fd`, "execution reverted", "execution reverted"],
  ["fe", "invalid opcode: INVALID", "invalid opcode: INVALID"],
  ["0c", "invalid opcode: opcode 0xc not defined", "invalid opcode"],
  ["01", "stack underflow (0 <=> 2)", "StackUnderflow"],
  ["5f".repeat(1025), "stack limit reached 1024 (1023)", "Out of stack"],
  ["5f 56", "invalid jump destination", "invalid jump destination"],
  ["5b 5f 56", "out of gas", "out of gas"],
  [`${push(100_000)} 5f f3`, "out of gas", "out of gas: out of memory"],
  [`${push(2n ** 200n)} 5f 20`, "gas uint64 overflow", "out of gas: invalid operand"],
  [`${push(1)} 5f 5f 3e`, "return data out of bounds", "OutOfOffset"],
  ["5f 54 5f 54", undefined, undefined],
];

test("transactions that fail", async () => {
  const at = (index: number): string => name(0x20000 + index);
  const failing = await TracedPair.start(failures.map(([code], i) => ({ address: at(i), code: bytecode(code) })));
  try {
    for (const [index, [, ours, theirs]] of failures.entries()) {
      const [steps, frames] = await failing.transaction({ to: at(index), gas: 26_000n }, [structs, calls]);
      const [our, their] = [frames?.ours as CallTrace, withLimit(frames?.theirs, INTRINSIC)];
      expect([our.error, their.error]).toEqual([ours, theirs]);
      expect({ ...our, error: theirs }).toEqual({ ...their, error: theirs });
      // Of the instruction that fails anvil names less gas, and no error that a program could read.
      const lines = (trace: unknown) => {
        const all = withoutStructDifferences(trace);
        const last = all.structLogs.at(-1);
        if (last?.op === "Unknown") last.op = "opcode 0xc not defined";
        if (last !== undefined && ours !== undefined) {
          delete last.error;
          delete last.gasCost;
        }
        return all;
      };
      expect(lines(steps?.ours)).toEqual(lines(steps?.theirs));
    }
  } finally {
    await failing.stop();
  }
});
