import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";
import { suggestedTip } from "../paid-tips.ts";

/** What a transaction should offer beside the base fee: on a rented chain mostly nothing. */
export const ethMaxPriorityFeePerGas: Method = {
  name: "eth_maxPriorityFeePerGas",
  run(params, context) {
    params.end();
    return quantity(suggestedTip(context.chain));
  },
};
