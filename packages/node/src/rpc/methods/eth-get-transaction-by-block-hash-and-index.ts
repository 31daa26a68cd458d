import { parseHash, parseIndex } from "../hex.ts";
import type { Method } from "../method.ts";
import { transactionShape } from "../shape/transaction.ts";

export const ethGetTransactionByBlockHashAndIndex: Method = {
  name: "eth_getTransactionByBlockHashAndIndex",
  run(params, context) {
    const hash = params.next(parseHash);
    const index = params.next(parseIndex);
    params.end();
    const included = context.chain.transactionAt(hash, index);
    return included === undefined ? null : transactionShape(included.transaction, included);
  },
};
