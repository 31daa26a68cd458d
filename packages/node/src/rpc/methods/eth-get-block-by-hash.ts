import { blockTransactions } from "../block-transactions.ts";
import { parseBoolean, parseHash } from "../hex.ts";
import type { Method } from "../method.ts";
import { blockShape } from "../shape/block.ts";

/** The block with this hash, or null. */
export const ethGetBlockByHash: Method = {
  name: "eth_getBlockByHash",
  run(params, context) {
    const hash = params.next(parseHash);
    const full = params.nextOr(parseBoolean, false);
    params.end();
    const block = context.chain.block(hash);
    if (block === undefined) return null;
    return blockShape(block, blockTransactions(context.chain, block, full, context.charge));
  },
};
