import { parseHash } from "../hex.ts";
import type { Method } from "../method.ts";
import { receiptShape } from "../shape/receipt.ts";

/** The receipt of a certified transaction, or null. */
export const ethGetTransactionReceipt: Method = {
  name: "eth_getTransactionReceipt",
  run(params, context) {
    const hash = params.next(parseHash);
    params.end();
    const included = context.chain.receipt(hash);
    return included === undefined ? null : receiptShape(included);
  },
};
