import type { Method } from "../method.ts";
import { listPool } from "../pool-listing.ts";
import { transactionShape } from "../shape/transaction.ts";

/** Everything that waits at this member, by sender and nonce. */
export const txpoolContent: Method = {
  name: "txpool_content",
  run(params, context) {
    params.end();
    return listPool(context.chain, context.charge, (transaction) => transactionShape(transaction, undefined));
  },
};
