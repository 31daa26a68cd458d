import { parseLogQuery } from "../log-filter.ts";
import type { Method } from "../method.ts";

/** A filter that is polled for logs. */
export const ethNewFilter: Method = {
  name: "eth_newFilter",
  run(params, context) {
    const query = params.next(parseLogQuery);
    params.end();
    return context.filters.addLogs(query);
  },
};
