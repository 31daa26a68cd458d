import { findBlock, parseBlockNumber } from "../block-param.ts";
import { parseIndex } from "../hex.ts";
import type { Method } from "../method.ts";
import { transactionShape } from "../shape/transaction.ts";

export const ethGetTransactionByBlockNumberAndIndex: Method = {
  name: "eth_getTransactionByBlockNumberAndIndex",
  run(params, context) {
    const id = params.next(parseBlockNumber);
    const index = params.next(parseIndex);
    params.end();
    const block = findBlock(context.chain, id);
    const included = block === undefined ? undefined : context.chain.transactionAt(block.header.number, index);
    return included === undefined ? null : transactionShape(included.transaction, included);
  },
};
