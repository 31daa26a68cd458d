import { findBlock, parseBlockNumber } from "../block-param.ts";
import type { Method } from "../method.ts";

/** Blocks here have no uncles. */
export const ethGetUncleCountByBlockNumber: Method = {
  name: "eth_getUncleCountByBlockNumber",
  run(params, context) {
    const id = params.next(parseBlockNumber);
    params.end();
    return findBlock(context.chain, id) === undefined ? null : "0x0";
  },
};
