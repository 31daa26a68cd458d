import type { Method } from "../method.ts";
import { parseId } from "../parse-id.ts";

/** What is new since the filter was last polled. */
export const ethGetFilterChanges: Method = {
  name: "eth_getFilterChanges",
  run(params, context) {
    const id = params.next(parseId);
    params.end();
    return context.filters.changes(id);
  },
};
