import { findBlock, parseBlockNumber } from "../block-param.ts";
import { parseIndex } from "../hex.ts";
import type { Method } from "../method.ts";
import { uncleShape } from "../shape/block.ts";

/** Blocks of a rented chain have no uncles. */
export const ethGetUncleByBlockNumberAndIndex: Method = {
  name: "eth_getUncleByBlockNumberAndIndex",
  run(params, context) {
    const id = params.next(parseBlockNumber);
    const index = params.next(parseIndex);
    params.end();
    return uncleShape(findBlock(context.chain, id), index);
  },
};
