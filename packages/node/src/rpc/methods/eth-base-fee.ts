import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Base fee of the next block, wei a gas: on a rented chain gas is not paid for. */
export const ethBaseFee: Method = {
  name: "eth_baseFee",
  run(params, context) {
    params.end();
    return quantity(context.chain.ethereum?.nextBaseFee ?? 0n);
  },
};
