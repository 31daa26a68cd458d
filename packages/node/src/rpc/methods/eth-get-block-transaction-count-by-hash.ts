import { parseHash, quantity } from "../hex.ts";
import type { Method } from "../method.ts";

export const ethGetBlockTransactionCountByHash: Method = {
  name: "eth_getBlockTransactionCountByHash",
  run(params, context) {
    const hash = params.next(parseHash);
    params.end();
    const block = context.chain.block(hash);
    return block === undefined ? null : quantity(block.transactions.length);
  },
};
