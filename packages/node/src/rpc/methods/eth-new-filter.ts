import { parseLogQuery } from "../log-filter.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";

/** A filter that is polled for logs. */
export const ethNewFilter: Method = {
  name: "eth_newFilter",
  run(params, context) {
    const query = params.next(parseLogQuery);
    params.end();
    const { range } = query;
    if (range.kind === "range" && typeof range.from === "number" && typeof range.to === "number") {
      if (range.from > range.to) throw new RpcError(RPC_CODE.invalidParams, "invalid block range params");
    }
    return context.filters.addLogs(query);
  },
};
