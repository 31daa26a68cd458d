/** An entry of a chain's record on the mainchain: from `time` on, blocks are executed by other rules. */
export type ScheduledFork = {
  readonly rules: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** Mainchain block that announced it. */
  readonly block: number;
  /** Mainchain block that took it back; undefined while it stands. */
  readonly cancelled: number | undefined;
};

/** What the mainchain said of a chain's forks, as far as it was read. */
export type ForkSchedule = {
  /** In the order of the mainchain. */
  readonly entries: readonly ScheduledFork[];
  /** Everything that the mainchain says up to this block is in `entries`. */
  readonly through: number;
};

/** Entries that stand as of a mainchain block, or as of the newest one known. */
export function standingForks(
  entries: readonly ScheduledFork[],
  block: number = Number.MAX_SAFE_INTEGER,
): readonly ScheduledFork[] {
  return entries.filter((entry) => entry.block <= block && (entry.cancelled ?? Number.POSITIVE_INFINITY) > block);
}

/**
 * The rules of a container: the newest ones whose time has come by its own clock, of those that its checkpoint shows.
 * Both are ordered data, so that all members compute the same. Never older ones than its predecessor's.
 */
export function containerRules(
  previous: number,
  entries: readonly ScheduledFork[],
  mainchainNumber: number,
  milliseconds: number,
): number {
  const due = standingForks(entries, mainchainNumber).filter(({ time }) => time * 1000 <= milliseconds);
  return Math.max(previous, ...due.map(({ rules }) => rules));
}
