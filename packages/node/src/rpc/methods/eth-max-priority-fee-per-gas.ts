import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** What a transaction should offer beside the base fee: on a rented chain it gains nothing. */
export const ethMaxPriorityFeePerGas: Method = {
  name: "eth_maxPriorityFeePerGas",
  run(params, context) {
    params.end();
    return quantity(context.chain.ethereum?.suggestedTip ?? 0n);
  },
};
