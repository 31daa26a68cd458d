import type { Method } from "../method.ts";

/** The chain id in decimal digits. */
export const netVersion: Method = {
  name: "net_version",
  run(params, context) {
    params.end();
    return context.chain.chainId.toString();
  },
};
