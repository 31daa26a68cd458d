import type { Checkpoint } from "../consensus/types.ts";
import { oneHonest } from "../quorum.ts";

/**
 * The mainchain block of a container: the highest pair (number, hash) above the last one that at least f+1 accepted
 * proposals report, so that an honest member vouches for it; else the last one. Two such hashes at the highest number:
 * no move, for one of them is not final. consensus.md 7.
 */
export function containerCheckpoint(
  previous: Checkpoint,
  accepted: readonly (readonly Checkpoint[])[],
  members: number,
): Checkpoint {
  const needed = oneHonest(members);
  const reports = new Map<string, { readonly checkpoint: Checkpoint; count: number }>();
  for (const list of accepted) {
    const own = new Set<string>();
    for (const checkpoint of list) {
      const key = `${checkpoint.number} ${checkpoint.hash}`;
      if (checkpoint.number <= previous.number || own.has(key)) continue;
      own.add(key);
      const report = reports.get(key) ?? { checkpoint, count: 0 };
      report.count += 1;
      reports.set(key, report);
    }
  }
  const vouched = [...reports.values()].filter(({ count }) => count >= needed).map(({ checkpoint }) => checkpoint);
  const highest = Math.max(previous.number, ...vouched.map(({ number }) => number));
  const candidates = vouched.filter(({ number }) => number === highest);
  return candidates.length === 1 && candidates[0] !== undefined ? candidates[0] : previous;
}
