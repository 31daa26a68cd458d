import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Connected members beside this one. */
export const netPeerCount: Method = {
  name: "net_peerCount",
  run(params, context) {
    params.end();
    return quantity(Math.max(0, context.member.status().membersUp - 1));
  },
};
