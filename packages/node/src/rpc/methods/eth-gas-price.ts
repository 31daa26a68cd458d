import type { Method } from "../method.ts";

/** Gas is not paid for: the chain is rented. */
export const ethGasPrice: Method = {
  name: "eth_gasPrice",
  run(params) {
    params.end();
    return "0x0";
  },
};
