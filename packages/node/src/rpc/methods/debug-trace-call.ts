import type { Pretence } from "@tributary/chain";
import { makeTracer } from "@tributary/evm";
import { parseBlockOverride } from "../block-override.ts";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { boundedTracer } from "../bounded-tracer.ts";
import { callError, checkChain } from "../call-outcome.ts";
import { parseCall } from "../call-request.ts";
import { FieldReader } from "../field-reader.ts";
import { type Parsed, parseIndex } from "../hex.ts";
import { MAX_TRACE_BYTES, MAX_TRACE_STALL_MS } from "../limits.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";
import { parseStateOverrides } from "../state-override.ts";
import { DEFAULT_TRACE_REQUEST, parseTraceRequest, type TraceRequest } from "../trace-options.ts";
import { tracingUnits } from "../tracing.ts";

type CallTraceRequest = TraceRequest & { readonly pretence: Pretence };

/** What a call that nobody signed would do on a block's state. */
export const debugTraceCall: Method = {
  name: "debug_traceCall",
  async run(params, context) {
    const call = params.next(parseCall);
    const id = params.nextOr(parseBlockParam, "latest");
    const request = params.nextOr(parseCallTraceRequest, { ...DEFAULT_TRACE_REQUEST, pretence: {} });
    params.end();
    checkChain(call, context.chain);
    const { number } = requireBlock(context.chain, id).header;
    const tracer = makeTracer({ ...request.options, maxBytes: MAX_TRACE_BYTES });
    const now = (): number => performance.now();
    const bounded = boundedTracer(tracer, now() + Math.min(request.timeout, MAX_TRACE_STALL_MS), now);
    const result = await context.chain.call(call.request, number, request.pretence, bounded);
    if (result.kind === "invalid") throw callError(result);
    context.charge(tracingUnits(result.gasUsed, request.options));
    return tracer.result();
  },
};

/** TraceConfig with the overrides that a call may have. */
function parseCallTraceRequest(value: unknown): Parsed<CallTraceRequest> {
  const request = parseTraceRequest(value);
  if ("reason" in request) return request;
  const reader = new FieldReader(value as Readonly<Record<string, unknown>>);
  const state = reader.read("stateOverrides", parseStateOverrides);
  const block = reader.read("blockOverrides", parseBlockOverride);
  const index = reader.read("txIndex", parseIndex);
  if (reader.reason !== undefined) return { reason: reader.reason };
  if (index !== undefined) {
    throw new RpcError(RPC_CODE.notSupported, "txIndex is not supported: calls run on the state after a whole block");
  }
  const pretence = { ...(state === undefined ? {} : { state }), ...(block === undefined ? {} : { block }) };
  return { value: { ...request.value, pretence } };
}
