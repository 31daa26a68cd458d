import { LANE_SHARE, LANES, type Lane } from "@tributary/protocol/gasless/lanes";
import type { PoolEntry } from "./ports.ts";

/** Bytes that a body's encoding adds for each transaction. */
export const TRANSACTION_OVERHEAD = 4;
/** Part of a lane that transactions assigned here first may take before others, which grow old, are looked at. */
const PRIMARY_SHARE = 0.75;

export type Bounds = {
  /** Sum of gas limits. */
  readonly gas: number;
  readonly bytes: number;
  /**
   * Part of it up to which transactions without history or work take what nobody else wants: such that all members
   * together fill one block with them, and leave room for what others hold.
   */
  readonly spare: number;
};

type Use = { gas: number; bytes: number };

/** Fills one proposal lane by lane. A sender's transactions are taken in their order or not at all. */
class Quota {
  readonly taken: PoolEntry[] = [];
  readonly #bounds: Bounds;
  readonly #total: Use = { gas: 0, bytes: 0 };
  readonly #lanes: Readonly<Record<Lane, Use>> = {
    history: { gas: 0, bytes: 0 },
    work: { gas: 0, bytes: 0 },
    fresh: { gas: 0, bytes: 0 },
  };
  /** Place of each candidate among its sender's, and how many of those are taken. */
  readonly #places = new Map<PoolEntry, number>();
  readonly #takenOf = new Map<string, number>();

  constructor(bounds: Bounds, candidates: Iterable<PoolEntry>) {
    this.#bounds = bounds;
    const counts = new Map<string, number>();
    for (const entry of candidates) {
      const place = counts.get(entry.sender) ?? 0;
      this.#places.set(entry, place);
      counts.set(entry.sender, place + 1);
    }
  }

  /** Takes what fits a part of the quota, by what its lane took or by what all took; gives back the rest. */
  fill(candidates: readonly PoolEntry[], part: number, by: "lane" | "total"): PoolEntry[] {
    return candidates.filter((entry) => {
      const use = by === "lane" ? this.#lanes[entry.lane] : this.#total;
      const isNext = this.#places.get(entry) === (this.#takenOf.get(entry.sender) ?? 0);
      // A large transaction of somebody with history would otherwise never have its turn on a busy chain.
      const alone = by === "lane" && entry.lane === "history" && use.gas === 0;
      if (!isNext || !this.#fits(entry, use, alone ? 1 : part) || !this.#fits(entry, this.#total, 1)) return true;
      this.#take(entry);
      return false;
    });
  }

  #fits(entry: PoolEntry, use: Use, part: number): boolean {
    const { gas, bytes } = this.#bounds;
    return use.gas + entry.gas <= part * gas && use.bytes + entry.raw.length + TRANSACTION_OVERHEAD <= part * bytes;
  }

  #take(entry: PoolEntry): void {
    for (const use of [this.#total, this.#lanes[entry.lane]]) {
      use.gas += entry.gas;
      use.bytes += entry.raw.length + TRANSACTION_OVERHEAD;
    }
    this.#takenOf.set(entry.sender, (this.#takenOf.get(entry.sender) ?? 0) + 1);
    this.taken.push(entry);
  }
}

/**
 * What a proposal holds of those assigned here first and of others, both in the order in which gas is for them: each
 * lane's own part first, and then what is left over, lane after lane.
 */
export function fillProposal(
  first: readonly PoolEntry[],
  others: readonly PoolEntry[],
  bounds: Bounds,
): readonly PoolEntry[] {
  const quota = new Quota(bounds, [...first, ...others]);
  let left: { readonly lane: Lane; readonly first: PoolEntry[]; readonly others: PoolEntry[] }[] = [];
  for (const lane of LANES) {
    const own = first.filter((entry) => entry.lane === lane);
    const old = others.filter((entry) => entry.lane === lane);
    // Of the block, whatever number of proposals is accepted.
    const share = lane === "fresh" ? bounds.spare * LANE_SHARE[lane] : LANE_SHARE[lane];
    const rest = quota.fill(own, PRIMARY_SHARE * share, "lane");
    left.push({
      lane,
      others: quota.fill(old, share, "lane"),
      first: quota.fill(rest, share, "lane"),
    });
  }
  // Twice: what stands behind a transaction of a later lane is next once that one is taken.
  for (let pass = 0; pass < 2; pass++) {
    left = left.map(({ lane, first: own, others: old }) => {
      const part = lane === "fresh" ? bounds.spare : 1;
      return { lane, others: quota.fill(old, part, "total"), first: quota.fill(own, part, "total") };
    });
  }
  return quota.taken;
}
