import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** The chain id of EIP-155. */
export const ethChainId: Method = {
  name: "eth_chainId",
  run(params, context) {
    params.end();
    return quantity(context.chain.chainId);
  },
};
