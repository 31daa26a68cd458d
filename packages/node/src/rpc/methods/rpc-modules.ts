import type { Method } from "../method.ts";

/** The groups of methods that are served. */
export const rpcModules: Method = {
  name: "rpc_modules",
  run(params) {
    params.end();
    return { debug: "1.0", eth: "1.0", net: "1.0", rpc: "1.0", tributary: "1.0", txpool: "1.0", web3: "1.0" };
  },
};
