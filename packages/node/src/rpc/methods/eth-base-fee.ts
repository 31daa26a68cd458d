import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Base fee of the next block, wei a gas: on a rented chain what its owner asks for, mostly nothing. */
export const ethBaseFee: Method = {
  name: "eth_baseFee",
  run(params, context) {
    params.end();
    const { ethereum, nextGasPrice = 0n } = context.chain;
    return quantity(ethereum?.nextBaseFee ?? nextGasPrice);
  },
};
