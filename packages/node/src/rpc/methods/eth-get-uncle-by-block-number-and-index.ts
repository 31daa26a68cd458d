import { parseBlockNumber } from "../block-param.ts";
import { parseIndex } from "../hex.ts";
import type { Method } from "../method.ts";

/** Blocks here have no uncles. */
export const ethGetUncleByBlockNumberAndIndex: Method = {
  name: "eth_getUncleByBlockNumberAndIndex",
  run(params) {
    params.next(parseBlockNumber);
    params.next(parseIndex);
    params.end();
    return null;
  },
};
