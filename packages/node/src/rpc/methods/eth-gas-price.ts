import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** What a transaction should offer: on a rented chain gas is not paid for. */
export const ethGasPrice: Method = {
  name: "eth_gasPrice",
  run(params, context) {
    params.end();
    const { ethereum } = context.chain;
    return quantity(ethereum === undefined ? 0n : ethereum.nextBaseFee + ethereum.suggestedTip);
  },
};
