import { expect, test } from "vitest";
import { fromHex, push, put, TraceBench } from "../trace.fixture.ts";
import { FourByteTracer } from "./four-byte-tracer.ts";

const CALLEE = 0xca11;

/** A call with the first `length` bytes of memory; `op` takes no value unless it is CALL. */
function send(to: number, length: number, op: string): string {
  return `5f 5f ${push(length)} 5f ${op === "f1" ? "5f" : ""} ${push(to)} 5a ${op} 50`;
}

test("counts selectors by the length of their arguments, of calls to contracts only", async () => {
  const sends = [
    send(CALLEE, 4, "f1"),
    send(CALLEE, 4, "fa"),
    send(CALLEE, 4, "f4"),
    send(CALLEE, 32, "f1"),
    send(0xdead, 4, "f1"),
    // Too short, a precompile, and a creation.
    send(CALLEE, 3, "f1"),
    send(4, 4, "f1"),
    `${push(4)} 5f 5f f0 50`,
  ];
  const bench = await TraceBench.create(`${put("11223344")} ${sends.join(" ")} 00`, { [CALLEE]: "00" });
  const tracer = new FourByteTracer();
  bench.trace(tracer, { data: fromHex("a9059cbb ff") });
  expect(tracer.result()).toEqual({ "0xa9059cbb-1": 1, "0x11223344-0": 4, "0x11223344-28": 1 });
});

test("a trace that gets too large ends", async () => {
  // The length of each call's input is what gas is left.
  const bench = await TraceBench.create(`5b 5f 5f 5a ${push(8)} 1c 5f 5f ${push(0xdead)} 5f f1 50 5f 56`);
  const run = () => bench.trace(new FourByteTracer({ maxBytes: 500 }), { gasLimit: 1_000_000n });
  expect(run).toThrow(expect.objectContaining({ code: "TRACE_TOO_LARGE" }));
});
