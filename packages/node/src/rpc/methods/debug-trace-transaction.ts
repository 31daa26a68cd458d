import { parseHash } from "../hex.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";
import { DEFAULT_TRACE_REQUEST, parseTraceRequest } from "../trace-options.ts";
import { requireTraceable, traceBlock } from "../tracing.ts";

/** What a mined transaction did, as the tracer named in the options tells it. */
export const debugTraceTransaction: Method = {
  name: "debug_traceTransaction",
  async run(params, context) {
    const hash = params.next(parseHash);
    const request = params.nextOr(parseTraceRequest, DEFAULT_TRACE_REQUEST);
    params.end();
    const included = context.chain.transaction(hash);
    if (included === undefined) throw new RpcError(RPC_CODE.server, "transaction not found");
    const block = requireTraceable(context.chain.block(included.blockNumber), `#${included.blockNumber}`);
    const [trace] = await traceBlock(context, block, request, included.transactionIndex);
    return trace?.result;
  },
};
