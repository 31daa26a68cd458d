import type { Method } from "../method.ts";

/** Base fee of the next block, wei a gas: gas is not paid for. */
export const ethBaseFee: Method = {
  name: "eth_baseFee",
  run(params) {
    params.end();
    return "0x0";
  },
};
