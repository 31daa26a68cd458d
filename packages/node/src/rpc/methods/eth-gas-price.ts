import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";
import { suggestedTip } from "../paid-tips.ts";

/** What a transaction should offer: on a rented chain what its owner asks for, mostly nothing. */
export const ethGasPrice: Method = {
  name: "eth_gasPrice",
  run(params, context) {
    params.end();
    const { ethereum, nextGasPrice = 0n } = context.chain;
    return quantity((ethereum?.nextBaseFee ?? nextGasPrice) + suggestedTip(context.chain));
  },
};
