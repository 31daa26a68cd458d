import { encodeHeader } from "@tributary/chain/block/header-codec";
import { rlpEncode } from "@tributary/chain/rlp/encode";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { data } from "../hex.ts";
import type { Method } from "../method.ts";

/** First byte from which on an encoding is an RLP list: a legacy transaction. Typed ones are strings in a block. */
const FIRST_LIST = 0xc0;

/** RLP of a block: header, transactions, no uncles, no withdrawals. */
export const debugGetRawBlock: Method = {
  name: "debug_getRawBlock",
  run(params, context) {
    const id = params.next(parseBlockParam);
    params.end();
    const block = requireBlock(context.chain, id);
    const transactions = block.transactions.map((raw) => ((raw[0] ?? 0) >= FIRST_LIST ? { encoded: raw } : raw));
    return data(rlpEncode([{ encoded: encodeHeader(block.header) }, transactions, [], []]));
  },
};
