import { parseHash } from "../hex.ts";
import type { Method } from "../method.ts";

/** Blocks here have no uncles. */
export const ethGetUncleCountByBlockHash: Method = {
  name: "eth_getUncleCountByBlockHash",
  run(params, context) {
    const hash = params.next(parseHash);
    params.end();
    return context.chain.block(hash) === undefined ? null : "0x0";
  },
};
