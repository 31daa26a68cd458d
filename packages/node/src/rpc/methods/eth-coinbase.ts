import { data } from "../hex.ts";
import type { Method } from "../method.ts";

/** The beneficiary that blocks of this chain name. */
export const ethCoinbase: Method = {
  name: "eth_coinbase",
  run(params, context) {
    params.end();
    return data(context.chain.head.header.beneficiary);
  },
};
