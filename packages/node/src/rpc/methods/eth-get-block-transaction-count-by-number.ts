import { findBlock, parseBlockNumber } from "../block-param.ts";
import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

export const ethGetBlockTransactionCountByNumber: Method = {
  name: "eth_getBlockTransactionCountByNumber",
  run(params, context) {
    const id = params.next(parseBlockNumber);
    params.end();
    const block = findBlock(context.chain, id);
    return block === undefined ? null : quantity(block.transactions.length);
  },
};
