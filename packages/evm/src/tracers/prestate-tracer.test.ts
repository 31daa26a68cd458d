import { expect, test } from "vitest";
import {
  authorization,
  COINBASE,
  CONTRACT,
  call,
  name,
  push,
  put,
  SENDER,
  TraceBench,
  word,
} from "../trace.fixture.ts";
import { PrestateTracer, type PrestateTracerOptions } from "./prestate-tracer.ts";

const CALLEE = 0xca11;
const SENDERS = { balance: "0xde0b6b3a7640000" };
const bare = (code: string): string => `0x${code.replaceAll(" ", "")}`;

async function trace(bench: TraceBench, options: PrestateTracerOptions = {}, changes = {}) {
  const tracer = new PrestateTracer(options);
  const outcome = bench.trace(tracer, changes);
  return { outcome, result: tracer.result() };
}

/** SSTORE(0, 5), SLOAD(7), BALANCE(0xbeef), CALL(CALLEE, 1 wei) */
const CODE = `${push(5)} 5f 55 ${push(7)} 54 ${push(0xbeef)} 31 ${call(CALLEE, 1)} 00`;

async function bench(): Promise<TraceBench> {
  const made = await TraceBench.create(CODE, { [CALLEE]: "00" });
  made.state.put(CONTRACT, CODE, 10n, 1n);
  made.state.put(0xbeef, "", 4n);
  made.state.store(CONTRACT, 0, 9);
  made.state.store(CONTRACT, 7, 3);
  return made;
}

test("shows what the transaction reads, as it was before", async () => {
  const { result } = await trace(await bench());
  // The coinbase did not exist.
  expect(result).toEqual({
    [name(SENDER)]: SENDERS,
    [name(CONTRACT)]: {
      balance: "0xa",
      nonce: 1,
      code: bare(CODE),
      storage: { [word(0)]: word(9), [word(7)]: word(3) },
    },
    [name(0xbeef)]: { balance: "0x4" },
    [name(CALLEE)]: { balance: "0x0", code: "0x00" },
  });
});

test("leaves out and adds what the options say", async () => {
  const { result } = await trace(await bench(), { disableCode: true, disableStorage: true, includeEmpty: true });
  expect(result).toEqual({
    [name(SENDER)]: SENDERS,
    [name(CONTRACT)]: { balance: "0xa", nonce: 1 },
    [name(0xbeef)]: { balance: "0x4" },
    [name(CALLEE)]: { balance: "0x0" },
    [name(COINBASE)]: { balance: "0x0" },
  });
});

test("diffMode shows what changed, before and after", async () => {
  const { result, outcome } = await trace(await bench(), { diffMode: true });
  const paid = outcome.gasUsed * 9n;
  expect(result).toEqual({
    pre: {
      [name(SENDER)]: SENDERS,
      [name(CONTRACT)]: { balance: "0xa", nonce: 1, code: bare(CODE), storage: { [word(0)]: word(9) } },
      [name(CALLEE)]: { balance: "0x0", code: "0x00" },
    },
    post: {
      [name(SENDER)]: { balance: `0x${(10n ** 18n - paid).toString(16)}`, nonce: 1 },
      [name(CONTRACT)]: { balance: "0x9", storage: { [word(0)]: word(5) } },
      [name(CALLEE)]: { balance: "0x1" },
      [name(COINBASE)]: { balance: `0x${(outcome.gasUsed * 2n).toString(16)}` },
    },
  });
});

test("a slot that becomes zero is in pre alone, one that was zero in post alone", async () => {
  const made = await TraceBench.create(`5f ${push(1)} 55 ${push(8)} ${push(2)} 55 00`);
  made.state.store(CONTRACT, 1, 9);
  const { result } = await trace(made, { diffMode: true });
  expect(result).toMatchObject({
    pre: { [name(CONTRACT)]: { storage: { [word(1)]: word(9) } } },
    post: { [name(CONTRACT)]: { storage: { [word(2)]: word(8) } } },
  });
  expect((result as { post: Record<string, object> }).post[name(CONTRACT)]).toEqual({
    storage: { [word(2)]: word(8) },
  });
});

test("what a transaction before changed is state before this one", async () => {
  const made = await TraceBench.create(`5f 54 ${push(1)} 01 5f 55 00`);
  made.plain();
  const tracer = new PrestateTracer({ diffMode: true });
  made.next(tracer, { nonce: 1n });
  expect(tracer.result()).toMatchObject({
    pre: { [name(SENDER)]: { nonce: 1 }, [name(CONTRACT)]: { storage: { [word(0)]: word(1) } } },
    post: { [name(SENDER)]: { nonce: 2 }, [name(CONTRACT)]: { storage: { [word(0)]: word(2) } } },
  });
});

test("a failed transaction changed only what it paid", async () => {
  const made = await TraceBench.create(`${push(1)} 5f 55 5f 5f fd`);
  const { result } = await trace(made, { diffMode: true }, { value: 5n });
  expect(Object.keys((result as { post: object }).post).sort()).toEqual([name(COINBASE), name(SENDER)].sort());
  expect(Object.keys((result as { pre: object }).pre)).toEqual([name(SENDER)]);
});

test("a created contract is in post alone, one that destroyed itself in neither", async () => {
  // Init code that returns 00; then one that destroys itself.
  const create = (init: string): string => `${put(init)} ${push(init.length / 2)} 5f 5f f0 50`;
  const made = await TraceBench.create(`${create("60015ff3")} ${create("30ff")} 00`);
  made.state.put(CONTRACT, `${create("60015ff3")} ${create("30ff")} 00`, 0n, 1n);
  const { result, outcome } = await trace(made, { diffMode: true }, { gasLimit: 300_000n });
  expect(outcome.status).toBe("success");
  const { pre, post } = result as { pre: Record<string, object>; post: Record<string, object> };
  const created = Object.keys(post).filter((one) => ![SENDER, CONTRACT, COINBASE].map(name).includes(one));
  expect(created.map((one) => post[one])).toEqual([{ nonce: 1, code: "0x00" }]);
  expect(Object.keys(pre).sort()).toEqual([name(SENDER), name(CONTRACT)].sort());
  const plain = await trace(made, {}, { gasLimit: 300_000n });
  expect(Object.keys(plain.result).sort()).toEqual([name(SENDER), name(CONTRACT)].sort());
});

test("a creation by transaction", async () => {
  const { result } = await trace(await TraceBench.create("00"), { diffMode: true }, { to: undefined });
  const { pre, post } = result as { pre: Record<string, object>; post: Record<string, object> };
  expect(Object.keys(pre)).toEqual([name(SENDER)]);
  expect(Object.values(post)).toContainEqual({ nonce: 1 });
});

test("authorities and where they delegate to are looked at", async () => {
  const made = await TraceBench.create("00", { [CALLEE]: "00", 208: `ef0100${name(CALLEE).slice(2)}` });
  const options = { type: 4, authorizations: [authorization(0xa0, CALLEE)], to: undefined };
  const target = { ...options, to: new Uint8Array(Buffer.from(name(0xd0).slice(2), "hex")) };
  const { result } = await trace(made, { diffMode: true }, target);
  expect(result).toMatchObject({
    post: { [name(0xa0)]: { nonce: 1, code: `0xef0100${name(CALLEE).slice(2)}` } },
  });
  const read = await trace(made, {}, target);
  expect(Object.keys(read.result)).toEqual(expect.arrayContaining([name(0xd0), name(CALLEE)]));
});

test("diffMode of a call shows what it would change", async () => {
  const made = await bench();
  const tracer = new PrestateTracer({ diffMode: true });
  made.call(tracer);
  expect(tracer.result()).toEqual({
    pre: {
      [name(CONTRACT)]: { balance: "0xa", nonce: 1, code: bare(CODE), storage: { [word(0)]: word(9) } },
      [name(CALLEE)]: { balance: "0x0", code: "0x00" },
    },
    post: {
      [name(CONTRACT)]: { balance: "0x9", storage: { [word(0)]: word(5) } },
      [name(CALLEE)]: { balance: "0x1" },
    },
  });
  expect(made.evm.changes().accounts).toEqual([]);
});

test("a trace that gets too large ends", async () => {
  const made = await TraceBench.create(`5b 5a 31 5f 56`);
  const run = () => made.trace(new PrestateTracer({ maxBytes: 10_000 }), { gasLimit: 30_000_000n });
  expect(run).toThrow(expect.objectContaining({ code: "TRACE_TOO_LARGE" }));
});
