// Protocol constants of the agreement (consensus.md 17). Not configurable: members that differ here may still agree,
// but bounds and speed were reasoned about with these.

/** K: how many heights may be decided and not yet final. */
export const MAX_DECIDED_NOT_FINAL = 2;
/** Milliseconds since the last decision after which a member proposes even if it has nothing to say. */
export const HEARTBEAT_MS = 10_000;
/** Milliseconds between two own proposals: bounds the rate that one faulty member can cause. */
export const SPACING_MS = 50;
/** Milliseconds from q certificates on for which ones are held back to fill bitmaps; a driver may stretch it. Never awaited for safety. */
export const ONES_GRACE_MS = 30;
/** Milliseconds after q ones before zeros are input, so that late certificates still get in; a driver may stretch it. */
export const ZEROS_GRACE_MS = 50;
/** Rounds beyond the own one in which votes of an instance are accepted; the rest returns by REPEAT. */
export const ROUND_WINDOW = 16;
/**
 * Heights above the highest ORDER held in which messages are accepted. Proposals are made and acknowledged for the first
 * two only; one for the third waits until the ORDER that its anchor names is here.
 */
export const HEIGHT_WINDOW = 3;
/** Milliseconds after which STATUS is exchanged when nothing moved, and the period of STATUS otherwise. */
export const RESYNC_MS = 1_000;
export const STATUS_MS = 2_000;
/** Heights for which the assignment of senders to members holds. */
export const ASSIGNMENT_WINDOW = 16;
/** Age in heights from which every member may propose a transaction. */
export const FULL_SPREAD_AGE = 3;
/** Milliseconds after which members other than seat h mod N combine a certificate too. */
export const COMBINE_GRACE_MS = 30;
