import { findBlock, parseBlockNumber } from "../block-param.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";
import { DEFAULT_TRACE_REQUEST, parseTraceRequest } from "../trace-options.ts";
import { requireTraceable, traceBlock } from "../tracing.ts";

/** What each transaction of a block did. */
export const debugTraceBlockByNumber: Method = {
  name: "debug_traceBlockByNumber",
  run(params, context) {
    const id = params.next(parseBlockNumber);
    const request = params.nextOr(parseTraceRequest, DEFAULT_TRACE_REQUEST);
    params.end();
    if (id === "pending") throw new RpcError(RPC_CODE.server, "tracing on top of pending is not supported");
    const block = requireTraceable(findBlock(context.chain, id), typeof id === "number" ? `#${id}` : String(id));
    return traceBlock(context, block, request);
  },
};
