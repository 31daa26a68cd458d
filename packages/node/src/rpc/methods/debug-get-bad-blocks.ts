import type { Method } from "../method.ts";

/** Blocks that were refused: none, because only what a quorum certified becomes a block. */
export const debugGetBadBlocks: Method = {
  name: "debug_getBadBlocks",
  run(params) {
    params.end();
    return [];
  },
};
