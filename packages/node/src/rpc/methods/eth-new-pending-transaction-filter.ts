import type { Method } from "../method.ts";

/** A filter that is polled for hashes of transactions that enter the pool. */
export const ethNewPendingTransactionFilter: Method = {
  name: "eth_newPendingTransactionFilter",
  run(params, context) {
    params.end();
    return context.filters.addPending();
  },
};
