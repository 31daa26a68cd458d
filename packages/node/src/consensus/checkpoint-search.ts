import type { Height } from "@tributary/protocol/consensus/types";

/** The lowest height up to `high` for which `holds`, where it holds for `high`, and for all above that lowest one. */
export function lowest(holds: (height: Height) => boolean, high: Height): Height {
  let [below, found] = [0, high];
  while (found - below > 1) {
    const middle = (below + found) >> 1;
    if (holds(middle)) found = middle;
    else below = middle;
  }
  return found;
}

/**
 * The lowest height whose checkpoint is at or above a mainchain block, where that of `high` is: checkpoints never go
 * back. Where a store begins higher, the first one that it has.
 */
export function lowestShowing(numberAt: (height: Height) => number | undefined, high: Height, block: number): Height {
  return lowest((height) => (numberAt(height) ?? -1) >= block, high);
}
