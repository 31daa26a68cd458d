import type { Method } from "../method.ts";

/** A filter that is polled for block hashes. */
export const ethNewBlockFilter: Method = {
  name: "eth_newBlockFilter",
  run(params, context) {
    params.end();
    return context.filters.addBlocks();
  },
};
