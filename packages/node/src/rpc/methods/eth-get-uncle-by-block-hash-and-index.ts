import { parseHash, parseIndex } from "../hex.ts";
import type { Method } from "../method.ts";

/** Blocks here have no uncles. */
export const ethGetUncleByBlockHashAndIndex: Method = {
  name: "eth_getUncleByBlockHashAndIndex",
  run(params) {
    params.next(parseHash);
    params.next(parseIndex);
    params.end();
    return null;
  },
};
