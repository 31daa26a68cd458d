import { findBlock, parseBlockNumber } from "../block-param.ts";
import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Blocks of a rented chain have no uncles. */
export const ethGetUncleCountByBlockNumber: Method = {
  name: "eth_getUncleCountByBlockNumber",
  run(params, context) {
    const id = params.next(parseBlockNumber);
    params.end();
    const block = findBlock(context.chain, id);
    return block === undefined ? null : quantity(block.uncles?.length ?? 0);
  },
};
