// Users pay nothing, so gas that several want is divided by rules instead of prices. A convention of honest members,
// like forwarding: nobody can check it, and a faulty member wastes its own quota of a block only.

/**
 * What a waiting transaction is entitled by: priority that the chain's owner sold; its sender's use of this chain in the
 * past, or the fee that it pays where fees are ordinary; a proof of work; or nothing. Accounts cost nothing to make, so
 * those without history share one lane.
 */
export type Lane = "priority" | "history" | "work" | "fresh";

/** In the order in which lanes take their own parts. */
export const LANES: readonly Lane[] = ["priority", "history", "work", "fresh"];

/** In the order in which gas that a lane does not use goes to the others: priority that was sold is a part and no more. */
export const HEIRS: readonly Lane[] = ["history", "work", "fresh", "priority"];

/** Part of each proposal that is a lane's own while others want it too. Together 1. */
export const LANE_SHARE: Readonly<Record<Lane, number>> = {
  priority: 2 / 8,
  history: 3 / 8,
  work: 2 / 8,
  fresh: 1 / 8,
};
