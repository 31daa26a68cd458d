import { parseBlockParam, requireBlock } from "../block-param.ts";
import { data, parseAddress } from "../hex.ts";
import type { Method } from "../method.ts";

export const ethGetCode: Method = {
  name: "eth_getCode",
  run(params, context) {
    const address = params.next(parseAddress);
    const id = params.nextOr(parseBlockParam, "latest");
    params.end();
    const { chain } = context;
    return data(chain.code(address, requireBlock(chain, id).header.number));
  },
};
