import type { Method } from "../method.ts";

/** Name and version of this software. */
export const web3ClientVersion: Method = {
  name: "web3_clientVersion",
  run(params, context) {
    params.end();
    return context.clientVersion;
  },
};
