import { parseHash, quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Blocks of a rented chain have no uncles. */
export const ethGetUncleCountByBlockHash: Method = {
  name: "eth_getUncleCountByBlockHash",
  run(params, context) {
    const hash = params.next(parseHash);
    params.end();
    const block = context.chain.block(hash);
    return block === undefined ? null : quantity(block.uncles?.length ?? 0);
  },
};
