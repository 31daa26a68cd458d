import { parseLogQuery } from "../log-filter.ts";
import { queryLogs } from "../log-query.ts";
import type { Method } from "../method.ts";
import { logShape } from "../shape/log.ts";

/** Logs of a range of blocks or of one block. */
export const ethGetLogs: Method = {
  name: "eth_getLogs",
  async run(params, context) {
    const query = params.next(parseLogQuery);
    params.end();
    return (await queryLogs(context.chain, query, context.charge)).map(logShape);
  },
};
