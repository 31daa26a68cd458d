import { findBlock, parseBlockNumber } from "../block-param.ts";
import { blockTransactions } from "../block-transactions.ts";
import { parseBoolean } from "../hex.ts";
import type { Method } from "../method.ts";
import { blockShape, pendingBlockShape } from "../shape/block.ts";

/** The block with this number or tag, or null where there is none yet. */
export const ethGetBlockByNumber: Method = {
  name: "eth_getBlockByNumber",
  run(params, context) {
    const id = params.next(parseBlockNumber);
    const full = params.nextOr(parseBoolean, false);
    params.end();
    if (id === "pending") {
      const { head, ethereum, nextGasPrice } = context.chain;
      return pendingBlockShape(head, ethereum?.nextBaseFee ?? nextGasPrice);
    }
    const block = findBlock(context.chain, id);
    if (block === undefined) return null;
    return blockShape(block, blockTransactions(context.chain, block, full, context.charge));
  },
};
