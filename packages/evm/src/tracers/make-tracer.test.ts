import { expect, test } from "vitest";
import { call, TraceBench } from "../trace.fixture.ts";
import { makeTracer } from "./make-tracer.ts";

test("makes the tracer of a name, with its options", async () => {
  const bench = await TraceBench.create(`${call(0xca11)} 00`, { 51729: "00" });
  const answer = (options: Parameters<typeof makeTracer>[0]) => {
    const tracer = makeTracer(options);
    bench.trace(tracer);
    return tracer.result();
  };
  expect(answer({ disableStack: true })).toMatchObject({
    failed: false,
    structLogs: [{ op: "PUSH0" }, {}, {}, {}, {}, {}, {}, {}, {}, {}],
  });
  expect(answer({ tracer: "callTracer" })).toHaveProperty("calls");
  expect(answer({ tracer: "callTracer", tracerConfig: { onlyTopCall: true } })).not.toHaveProperty("calls");
  expect(answer({ tracer: "prestateTracer", tracerConfig: { diffMode: true } })).toHaveProperty("post");
  expect(answer({ tracer: "4byteTracer" })).toEqual({});
});

test("refuses options that exclude each other", () => {
  const make = () => makeTracer({ tracer: "prestateTracer", tracerConfig: { diffMode: true, includeEmpty: true } });
  expect(make).toThrow(expect.objectContaining({ code: "TRACE_OPTIONS" }));
});

test("knows no other", () => {
  const unknown = expect.objectContaining({ code: "TRACE_UNKNOWN_TRACER", message: "tracer not found" });
  expect(() => makeTracer({ tracer: "toString" })).toThrow(unknown);
});
