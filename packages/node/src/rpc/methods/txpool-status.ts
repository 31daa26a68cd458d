import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** How many transactions wait at this member. */
export const txpoolStatus: Method = {
  name: "txpool_status",
  run(params, context) {
    params.end();
    const { pending, queued } = context.chain.poolStatus();
    return { pending: quantity(pending), queued: quantity(queued) };
  },
};
