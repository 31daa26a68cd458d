import { encodeBlock } from "@tributary/chain/block/encode-block";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { data } from "../hex.ts";
import type { Method } from "../method.ts";

/** RLP of a block: header, transactions, uncles, withdrawals. */
export const debugGetRawBlock: Method = {
  name: "debug_getRawBlock",
  run(params, context) {
    const id = params.next(parseBlockParam);
    params.end();
    return data(encodeBlock(requireBlock(context.chain, id)));
  },
};
