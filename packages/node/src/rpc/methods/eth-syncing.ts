import type { Method } from "../method.ts";
import { syncingShape } from "../syncing.ts";

/** false, or how far the member is behind. */
export const ethSyncing: Method = {
  name: "eth_syncing",
  run(params, context) {
    params.end();
    return syncingShape(context.member.status());
  },
};
