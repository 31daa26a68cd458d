/** Milliseconds by which the container's clock may move at one height. */
export const MAX_TIME_STEP_MS = 600_000;

/**
 * Milliseconds of a container: the lower median of the accepted proposals' times, at least one after the last container
 * and at most ten minutes. With m >= q times the median lies between honest clocks. consensus.md 7.
 */
export function containerTime(previous: number, accepted: readonly number[]): number {
  const ascending = accepted.toSorted((a, b) => a - b);
  const median = ascending[Math.floor((ascending.length - 1) / 2)] ?? 0;
  return Math.max(previous + 1, Math.min(median, previous + MAX_TIME_STEP_MS));
}
