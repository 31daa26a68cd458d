// The one home of quorum arithmetic. The rest of the code knows two thresholds only: "at least one honest" and the quorum.

/** Seats of one committee are kept in u64 bitmaps. */
export const MAX_MEMBERS = 64;

/** How many members may be faulty: floor((N-1)/3). */
export function maxFaulty(members: number): number {
  return Math.floor((members - 1) / 3);
}

/** f+1: of so many members at least one is honest. */
export function oneHonest(members: number): number {
  return maxFaulty(members) + 1;
}

/**
 * q = N - f, which equals floor(2N/3)+1 for every N. Two quorums share more than f members.
 * Never 2f+1: for N = 5, 6, 8, 9, 21 two sets of that size may meet in faulty members only.
 */
export function quorum(members: number): number {
  return members - maxFaulty(members);
}
