import { parseBlockParam, requireBlock } from "../block-param.ts";
import { parseAddress, quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Native coin of an account, wei. */
export const ethGetBalance: Method = {
  name: "eth_getBalance",
  run(params, context) {
    const address = params.next(parseAddress);
    const id = params.nextOr(parseBlockParam, "latest");
    params.end();
    const { chain } = context;
    return quantity(chain.balance(address, requireBlock(chain, id).header.number));
  },
};
