import type { Method } from "../method.ts";

/** Gas is not paid for: the chain is rented. */
export const ethMaxPriorityFeePerGas: Method = {
  name: "eth_maxPriorityFeePerGas",
  run(params) {
    params.end();
    return "0x0";
  },
};
