// Users pay nothing, so gas that several want is divided by rules instead of prices. A convention of honest members,
// like forwarding: nobody can check it, and a faulty member wastes its own quota of a block only.

/**
 * What a waiting transaction is entitled by: its sender's use of this chain in the past, a proof of work, or nothing.
 * Accounts cost nothing to make, so those without history share one lane.
 */
export type Lane = "history" | "work" | "fresh";

/** In the order in which gas that a lane does not use goes to the others. */
export const LANES: readonly Lane[] = ["history", "work", "fresh"];

/** Part of each proposal that is a lane's own while others want it too. Together 1. */
export const LANE_SHARE: Readonly<Record<Lane, number>> = { history: 5 / 8, work: 2 / 8, fresh: 1 / 8 };
