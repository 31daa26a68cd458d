import type { Method } from "../method.ts";

/** There are no blobs on these chains. */
export const ethBlobBaseFee: Method = {
  name: "eth_blobBaseFee",
  run(params) {
    params.end();
    return "0x0";
  },
};
