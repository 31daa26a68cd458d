import { encodeHeader } from "@tributary/chain/block/header-codec";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { data } from "../hex.ts";
import type { Method } from "../method.ts";

/** RLP of a block's header. */
export const debugGetRawHeader: Method = {
  name: "debug_getRawHeader",
  run(params, context) {
    const id = params.next(parseBlockParam);
    params.end();
    return data(encodeHeader(requireBlock(context.chain, id).header));
  },
};
