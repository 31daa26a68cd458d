import { expect, test } from "vitest";
import { address, authorization, CONTRACT, call, name, push, put, SENDER, TraceBench, word } from "../trace.fixture.ts";
import { CallTracer, type CallTracerOptions } from "./call-tracer.ts";

const CALLEE = 0xca11;

async function trace(
  code: string,
  others: Record<number, string> = {},
  options: CallTracerOptions = {},
  gas = 100_000n,
) {
  const bench = await TraceBench.create(code, others);
  const tracer = new CallTracer(options);
  const outcome = bench.trace(tracer, { gasLimit: gas });
  expect(tracer.result().gasUsed).toBe(`0x${outcome.gasUsed.toString(16)}`);
  return tracer.result();
}

/** Reverts with Error(string). */
function revertWith(text: string): string {
  const data = Buffer.from(text).toString("hex").padEnd(64, "0");
  const length = Buffer.byteLength(text);
  return `7f08c379a0${"0".repeat(56)} 5f 52 ${push(32)} ${push(4)} 52 ${push(length)} ${push(36)} 52 7f${data} ${push(68)} 52
    ${push(100)} 5f fd`;
}

test("writes a call and the one inside as geth does", async () => {
  const callee = `${put("aa")} ${push(1)} 5f f3`;
  // 50,000 gas, 1 wei, 2 bytes of input
  const code = `${put("0102")} 5f 5f ${push(2)} 5f ${push(1)} ${push(CALLEE)} ${push(50_000)} f1 00`;
  const bench = await TraceBench.create(code, { [CALLEE]: callee });
  const tracer = new CallTracer();
  bench.trace(tracer, { value: 3n });
  expect(tracer.result()).toEqual({
    from: name(SENDER),
    gas: "0x186a0",
    gasUsed: "0x7689",
    to: name(CONTRACT),
    input: "0x",
    value: "0x3",
    type: "CALL",
    calls: [
      {
        from: name(CONTRACT),
        gas: "0xcc4c",
        gasUsed: "0x10",
        to: name(CALLEE),
        input: "0x0102",
        output: "0xaa",
        value: "0x1",
        type: "CALL",
      },
    ],
  });
});

test("shows who calls whom in each kind of call", async () => {
  const three = (op: string) => `5f 5f 5f 5f ${push(CALLEE)} 5a ${op} 50`;
  const four = `5f 5f 5f 5f ${push(1)} ${push(CALLEE)} 5a f2 50`;
  const bench = await TraceBench.create(`${three("f4")} ${three("fa")} ${four} 00`, { [CALLEE]: "00" });
  const tracer = new CallTracer();
  bench.trace(tracer, { value: 7n });
  const calls = tracer.result().calls ?? [];
  expect(calls.map(({ type, from, to, value }) => [type, from, to, value])).toEqual([
    ["DELEGATECALL", name(CONTRACT), name(CALLEE), "0x7"],
    ["STATICCALL", name(CONTRACT), name(CALLEE), undefined],
    ["CALLCODE", name(CONTRACT), name(CALLEE), "0x1"],
  ]);
  expect(calls.map((one) => "value" in one)).toEqual([true, false, true]);
});

test("shows calls of precompiles, of empty accounts, and those that are refused", async () => {
  const identity = `${put("abcd")} 5f 5f ${push(2)} 5f 5f ${push(4)} ${push(5000)} f1`;
  const short = `5f 5f 5f 5f 5f ${push(2)} ${push(59)} f1`;
  const root = await trace(`${identity} ${short} ${call(0xdead)} ${call(CALLEE, 1)} 00`, { [CALLEE]: "00" });
  expect(root.error).toBeUndefined();
  expect(root.calls).toEqual([
    {
      from: name(CONTRACT),
      gas: "0x1388",
      gasUsed: "0x12",
      to: name(4),
      input: "0xabcd",
      output: "0xabcd",
      value: "0x0",
      type: "CALL",
    },
    {
      from: name(CONTRACT),
      gas: "0x3b",
      gasUsed: "0x3b",
      to: name(2),
      input: "0x",
      error: "out of gas",
      value: "0x0",
      type: "CALL",
    },
    expect.objectContaining({ to: name(0xdead), gasUsed: "0x0", input: "0x", value: "0x0" }),
    expect.objectContaining({
      to: name(CALLEE),
      gasUsed: "0x0",
      error: "insufficient balance for transfer",
      value: "0x1",
    }),
  ]);
  expect(root.calls?.[2]?.error).toBeUndefined();
});

test("a refused call costs and leaves what it does untraced", async () => {
  const bench = await TraceBench.create(`${call(CALLEE, 1)} 5f 52 5a ${push(32)} 52 ${push(64)} 5f f3`);
  const plain = bench.plain();
  const traced = bench.trace(new CallTracer({ withLog: true }));
  expect(traced).toEqual(plain);
});

test("shows creations, and those that fail without their address", async () => {
  // Init code that returns the byte 00; then one that reverts; then one with too much value.
  const init = put("60015ff3");
  const good = `${init} ${push(4)} 5f 5f f0`;
  const reverts = `${put("5f5ffd")} ${push(3)} 5f 5f f0`;
  const poor = `${push(3)} 5f ${push(9)} f0`;
  const root = await trace(`${good} ${reverts} ${poor} ${init} 5f ${push(4)} 5f 5f f5 ${good} 00`, {}, {}, 400_000n);
  expect(
    root.calls?.map(({ type, to, input, output, error }) => [type, to !== undefined, input, output, error]),
  ).toEqual([
    ["CREATE", true, "0x60015ff3", "0x00", undefined],
    ["CREATE", false, "0x5f5ffd", undefined, "execution reverted"],
    ["CREATE", false, "0x5f5ffd", undefined, "insufficient balance for transfer"],
    ["CREATE2", true, "0x60015ff3", "0x00", undefined],
    ["CREATE", true, "0x60015ff3", "0x00", undefined],
  ]);
});

test("names what is wrong with created code", async () => {
  const errors = async (...inits: string[]) => {
    const create = (init: string) => `${put(init)} ${push(init.length / 2)} 5f 5f f0`;
    const root = await trace(`${inits.map(create).join(" ")} 00`);
    return root.calls?.map(({ error }) => error);
  };
  // 0xef, 24,577 bytes
  expect(await errors("60ef5f5360015ff3")).toEqual(["invalid code: must not begin with 0xef"]);
  expect(await errors("6160015ff3")).toEqual(["max code size exceeded"]);
  expect(await errors("6130005ff3")).toEqual(["contract creation code storage out of gas"]);
});

test("a creation at an address that is taken is a call that failed", async () => {
  const bench = await TraceBench.create("00");
  const tracer = new CallTracer();
  // keccak256(rlp([0x…0a11ce, 0]))
  bench.trace(tracer, { to: undefined, data: new Uint8Array(0) });
  const { to } = tracer.result();
  expect(to).toMatch(/^0x[0-9a-f]{40}$/);
  bench.state.put(Number(0), "");
  const again = new CallTracer();
  const taken = await TraceBench.create("00");
  taken.state.put(BigInt(to ?? 0) as unknown as number, "00");
  const outcome = taken.trace(again, { to: undefined });
  expect(outcome.halt).toBe("contract collision");
  expect(again.result()).toEqual({
    from: name(SENDER),
    gas: "0x186a0",
    gasUsed: "0x186a0",
    input: "0x",
    value: "0x0",
    error: "contract address collision",
    type: "CREATE",
  });
});

test("shows what SELFDESTRUCT moves as a call of its own", async () => {
  const bench = await TraceBench.create(`${call(CALLEE)} 00`, { [CALLEE]: `${push(0xbeef)} ff` });
  bench.state.put(CALLEE, `${push(0xbeef)} ff`, 5n);
  const tracer = new CallTracer();
  bench.trace(tracer);
  expect(tracer.result().calls?.[0]?.calls).toEqual([
    {
      from: name(CALLEE),
      gas: "0x0",
      gasUsed: "0x0",
      to: name(0xbeef),
      input: "0x",
      value: "0x5",
      type: "SELFDESTRUCT",
    },
  ]);
});

test("decodes why a call reverted", async () => {
  const root = await trace(`${call(CALLEE)} ${revertWith("outer")}`, {
    [CALLEE]: revertWith("not enough tokens left"),
  });
  expect(root).toMatchObject({ error: "execution reverted", revertReason: "outer" });
  expect(root.output?.slice(0, 10)).toBe("0x08c379a0");
  expect(root.calls?.[0]).toMatchObject({ error: "execution reverted", revertReason: "not enough tokens left" });
  const panic = await trace(`${put("4e487b71")} ${push(0x11)} ${push(4)} 52 ${push(36)} 5f fd`);
  expect(panic.revertReason).toBe("arithmetic underflow or overflow");
  const other = await trace(`${put("aabbccdd")} ${push(4)} 5f fd`);
  expect(other).toMatchObject({ error: "execution reverted", output: "0xaabbccdd" });
  expect("revertReason" in other).toBe(false);
});

test("an instruction that fails takes all gas, and is named", async () => {
  const errors: readonly (readonly [code: string, error: string])[] = [
    ["fe", "invalid opcode: INVALID"],
    ["ef", "invalid opcode: opcode 0xef not defined"],
    ["01", "stack underflow (0 <=> 2)"],
    ["5f".repeat(1025), "stack limit reached 1024 (1023)"],
    ["5f 56", "invalid jump destination"],
    [`${push(1)} 5f 5f 3e`, "return data out of bounds"],
    ["5b 5f 56", "out of gas"],
    [`${push(49_153)} 5f 5f f0`, "out of gas: max initcode size exceeded: size 49153"],
  ];
  for (const [code, error] of errors) {
    const root = await trace(`5f 5f 5f 5f 5f ${push(CALLEE)} ${push(30_000)} f1 00`, { [CALLEE]: code });
    expect(root.calls?.[0]).toMatchObject({ error, gas: "0x7530", gasUsed: "0x7530" });
  }
  const fixed = await trace(`5f 5f 5f 5f ${push(CALLEE)} ${push(30_000)} fa 00`, { [CALLEE]: "5f 5f 55" });
  expect(fixed.calls?.[0]?.error).toBe("write protection");
});

test("goes down to the deepest call, which is refused", async () => {
  const bench = await TraceBench.create(`5f 5f 5f 5f 5f 30 5a f1 50 00`);
  const tracer = new CallTracer();
  // The 64th that every call keeps back leaves too little: only a free state's limit lets it go down so far.
  bench.call(tracer, { gasLimit: 10n ** 15n });
  let frame = tracer.result();
  let depth = 0;
  for (let next = frame.calls?.[0]; next !== undefined; next = frame.calls?.[0]) {
    frame = next;
    depth++;
  }
  expect(depth).toBe(1025);
  expect(frame).toMatchObject({ error: "max call depth exceeded", gasUsed: "0x0" });
});

test("calls the code that an account delegates to at the account", async () => {
  const bench = await TraceBench.create(`${call(0xa0)} 00`, { [CALLEE]: `30 5f 52 ${push(32)} 5f f3` });
  const tracer = new CallTracer();
  const outcome = bench.trace(tracer, { type: 4, authorizations: [authorization(0xa0, CALLEE)] });
  expect(outcome.status).toBe("success");
  expect(tracer.result().calls).toEqual([
    expect.objectContaining({ type: "CALL", from: name(CONTRACT), to: name(0xa0), output: word(0xa0) }),
  ]);
});

test("logs have their place among the calls and their number in the block", async () => {
  const log = (topic: number) => `${push(topic)} ${push(2)} 5f a1`;
  const good = log(0xa);
  const bad = `${log(0xb)} 5f 5f fd`;
  const code = `${put("abcd")} ${log(1)} ${call(CALLEE)} ${log(2)} ${call(0xbad)} ${log(3)} 00`;
  const root = await trace(code, { [CALLEE]: good, 2989: bad }, { withLog: true, firstLogIndex: 5 });
  const entry = (at: number, topic: number, data: string, position: string, index: string) => ({
    address: name(at),
    topics: [word(topic)],
    data,
    position,
    index,
  });
  expect(root.logs).toEqual([
    entry(CONTRACT, 1, "0xabcd", "0x0", "0x5"),
    entry(CONTRACT, 2, "0xabcd", "0x1", "0x7"),
    // What the call that failed had logged counts no more.
    entry(CONTRACT, 3, "0xabcd", "0x2", "0x8"),
  ]);
  expect(root.calls?.map(({ logs }) => logs)).toEqual([[entry(CALLEE, 0xa, "0x0000", "0x0", "0x6")], undefined]);
  const top = await trace(code, { [CALLEE]: good, 2989: bad }, { withLog: true, onlyTopCall: true });
  expect(top.logs?.map(({ index, position }) => [index, position])).toEqual([
    ["0x0", "0x0"],
    ["0x2", "0x0"],
    ["0x3", "0x0"],
  ]);
});

test("a log that its gas cannot pay is none", async () => {
  const root = await trace(`${push(2n ** 255n)} 5f a0`, {}, { withLog: true });
  expect(root).toMatchObject({ error: "gas uint64 overflow" });
  expect("logs" in root).toBe(false);
});

test("onlyTopCall leaves out the calls inside", async () => {
  const root = await trace(`${call(CALLEE)} 00`, { [CALLEE]: call(0xdead) }, { onlyTopCall: true });
  expect("calls" in root).toBe(false);
  expect(root).toMatchObject({ type: "CALL", to: name(CONTRACT) });
});

test("a trace that gets too large ends", async () => {
  // A call with a megabyte of input, again and again.
  const code = `${push(1_000_000)} 51 5b 5f 5f ${push(1_000_000)} 5f 5f ${push(0xdead)} 5f f1 50 ${push(5)} 56`;
  const bench = await TraceBench.create(code);
  const run = () => bench.trace(new CallTracer(), { gasLimit: 30_000_000n });
  expect(run).toThrow(expect.objectContaining({ code: "TRACE_TOO_LARGE" }));
});

test("a traced call forgets what it changed", async () => {
  const bench = await TraceBench.create(`${push(1)} 5f 55 ${put("60015ff3")} ${push(4)} 5f 5f f0 00`);
  const tracer = new CallTracer();
  bench.call(tracer, { gasLimit: 200_000n });
  expect(tracer.result().calls?.length).toBe(1);
  expect(bench.evm.changes()).toEqual({ accounts: [], storage: [], codes: [] });
  const traced = new CallTracer();
  const outcome = bench.trace(traced, { gasLimit: 200_000n });
  const changes = bench.evm.changes();
  expect(bench.plain({ gasLimit: 200_000n })).toEqual(outcome);
  expect(bench.evm.changes()).toEqual(changes);
  expect(changes.storage.length).toBe(1);
  expect(address(CONTRACT)).toEqual(changes.storage[0]?.[0]);
});
