import { data, parseHash } from "../hex.ts";
import type { Method } from "../method.ts";
import { DEFAULT_TRACE_REQUEST, parseTraceRequest } from "../trace-options.ts";
import { requireTraceable, traceBlock } from "../tracing.ts";

/** What each transaction of a block did. */
export const debugTraceBlockByHash: Method = {
  name: "debug_traceBlockByHash",
  run(params, context) {
    const hash = params.next(parseHash);
    const request = params.nextOr(parseTraceRequest, DEFAULT_TRACE_REQUEST);
    params.end();
    return traceBlock(context, requireTraceable(context.chain.block(hash), data(hash)), request);
  },
};
