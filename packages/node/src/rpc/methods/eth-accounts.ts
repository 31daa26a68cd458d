import type { Method } from "../method.ts";

/** The node holds no keys for its callers. */
export const ethAccounts: Method = {
  name: "eth_accounts",
  run(params) {
    params.end();
    return [];
  },
};
