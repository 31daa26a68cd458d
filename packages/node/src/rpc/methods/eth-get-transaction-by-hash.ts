import { parseHash } from "../hex.ts";
import type { Method } from "../method.ts";
import { transactionShape } from "../shape/transaction.ts";

/** A transaction in a block or in the pool, or null. */
export const ethGetTransactionByHash: Method = {
  name: "eth_getTransactionByHash",
  run(params, context) {
    const hash = params.next(parseHash);
    params.end();
    const included = context.chain.transaction(hash);
    if (included !== undefined) return transactionShape(included.transaction, included);
    const waiting = context.chain.pendingTransaction(hash);
    return waiting === undefined ? null : transactionShape(waiting, undefined);
  },
};
