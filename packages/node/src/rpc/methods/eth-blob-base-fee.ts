import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Of the next block, wei a blob gas: on a rented chain there are no blobs. */
export const ethBlobBaseFee: Method = {
  name: "eth_blobBaseFee",
  run(params, context) {
    params.end();
    return quantity(context.chain.ethereum?.nextBlobBaseFee ?? 0n);
  },
};
