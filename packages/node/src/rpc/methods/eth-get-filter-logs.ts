import { queryLogs } from "../log-query.ts";
import type { Method } from "../method.ts";
import { parseId } from "../parse-id.ts";
import { logShape } from "../shape/log.ts";

/** All logs that the filter names. */
export const ethGetFilterLogs: Method = {
  name: "eth_getFilterLogs",
  async run(params, context) {
    const id = params.next(parseId);
    params.end();
    return (await queryLogs(context.chain, context.filters.query(id), context.charge)).map(logShape);
  },
};
