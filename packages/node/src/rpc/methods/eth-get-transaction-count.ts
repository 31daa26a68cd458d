import { parseBlockParam, requireBlock } from "../block-param.ts";
import { parseAddress, quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** The next nonce of an account; with "pending" after what waits in this member's pool. */
export const ethGetTransactionCount: Method = {
  name: "eth_getTransactionCount",
  run(params, context) {
    const address = params.next(parseAddress);
    const id = params.nextOr(parseBlockParam, "latest");
    params.end();
    const { chain } = context;
    if (id === "pending") return quantity(chain.pendingNonce(address));
    return quantity(chain.nonce(address, requireBlock(chain, id).header.number));
  },
};
