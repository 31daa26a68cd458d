import { findBlock, parseBlockParam } from "../block-param.ts";
import type { Method } from "../method.ts";
import { receiptShape } from "../shape/receipt.ts";

/** Receipts shown in one unit of budget. */
const RECEIPTS_PER_UNIT = 4;

/** All receipts of a block, or null where there is no such block. */
export const ethGetBlockReceipts: Method = {
  name: "eth_getBlockReceipts",
  run(params, context) {
    const id = params.next(parseBlockParam);
    params.end();
    const block = findBlock(context.chain, id);
    if (block === undefined) return null;
    context.charge(block.transactions.length / RECEIPTS_PER_UNIT);
    return context.chain.receipts(block.header.number)?.map(receiptShape) ?? null;
  },
};
