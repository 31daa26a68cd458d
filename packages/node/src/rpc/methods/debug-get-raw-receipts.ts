import { encodeReceipt } from "@tributary/chain/block/receipt-codec";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { data } from "../hex.ts";
import type { Method } from "../method.ts";

/** The receipts of a block in their consensus encoding: the leaves of receiptsRoot. */
export const debugGetRawReceipts: Method = {
  name: "debug_getRawReceipts",
  run(params, context) {
    const id = params.next(parseBlockParam);
    params.end();
    const { header } = requireBlock(context.chain, id);
    const receipts = context.chain.receipts(header.number) ?? [];
    return receipts.map(({ receipt }) => data(encodeReceipt(receipt)));
  },
};
