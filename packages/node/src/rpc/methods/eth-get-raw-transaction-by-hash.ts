import { data, parseHash } from "../hex.ts";
import type { Method } from "../method.ts";

/** The wire form of a transaction in a block or in the pool, or null. */
export const ethGetRawTransactionByHash: Method = {
  name: "eth_getRawTransactionByHash",
  run(params, context) {
    const hash = params.next(parseHash);
    params.end();
    const transaction = context.chain.transaction(hash)?.transaction ?? context.chain.pendingTransaction(hash);
    return transaction === undefined ? null : data(transaction.raw);
  },
};
