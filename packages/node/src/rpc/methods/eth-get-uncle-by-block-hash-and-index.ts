import { parseHash, parseIndex } from "../hex.ts";
import type { Method } from "../method.ts";
import { uncleShape } from "../shape/block.ts";

/** Blocks of a rented chain have no uncles. */
export const ethGetUncleByBlockHashAndIndex: Method = {
  name: "eth_getUncleByBlockHashAndIndex",
  run(params, context) {
    const hash = params.next(parseHash);
    const index = params.next(parseIndex);
    params.end();
    return uncleShape(context.chain.block(hash), index);
  },
};
