import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Number of the newest certified block. */
export const ethBlockNumber: Method = {
  name: "eth_blockNumber",
  run(params, context) {
    params.end();
    return quantity(context.chain.head.header.number);
  },
};
