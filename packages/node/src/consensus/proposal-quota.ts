import { HEIRS, LANE_SHARE, LANES, type Lane } from "@tributary/protocol/gasless/lanes";
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

/**
 * Heights that a transaction has to be older for each place that this member stands behind its first assignee. By age
 * alone all members would propose the same ones, once those are everywhere, and a block would hold them but once: a
 * backlog then lasted, since it made blocks emptier. Whatever its assignees do, its turn comes with age.
 */
const AGE_PER_RANK = 4;

/** What others are to propose before this member, in the order in which it helps out. */
export function byTurn(others: readonly { readonly entry: PoolEntry; readonly rank: number }[]): PoolEntry[] {
  const turn = ({ entry, rank }: (typeof others)[number]): number => entry.age - AGE_PER_RANK * rank;
  return others.toSorted((a, b) => turn(b) - turn(a)).map(({ entry }) => entry);
}

/** Candidates of one kind that are looked at in any case, and parts of a proposal that they may fill by themselves. */
const LEAST_CANDIDATES = 256;
const CANDIDATE_PARTS = 2;

/** What a proposal may be filled from, of one kind: what stands further behind has no place in it. */
class Shortlist {
  readonly #bounds: Bounds;
  #count = 0;
  #gas = 0;
  #bytes = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get full(): boolean {
    const { gas, bytes } = this.#bounds;
    const enough = this.#gas >= CANDIDATE_PARTS * gas || this.#bytes >= CANDIDATE_PARTS * bytes;
    return enough && this.#count >= LEAST_CANDIDATES;
  }

  add(entry: PoolEntry): void {
    this.#count += 1;
    this.#gas += entry.gas;
    this.#bytes += entry.raw.length + TRANSACTION_OVERHEAD;
  }
}

/**
 * The shortlists of a lane: of what is for this member to propose and of what it helps out with, and of each those that
 * fit the lane's own part apart from those that do not. Many of the latter would else keep all others from it.
 */
class LaneShortlists {
  readonly #fitting: readonly [Shortlist, Shortlist];
  readonly #large: readonly [Shortlist, Shortlist];
  readonly #gas: number;
  readonly #bytes: number;

  constructor(lane: Lane, bounds: Bounds) {
    this.#fitting = [new Shortlist(bounds), new Shortlist(bounds)];
    this.#large = [new Shortlist(bounds), new Shortlist(bounds)];
    const part = PRIMARY_SHARE * partOf(lane, bounds);
    this.#gas = part * bounds.gas;
    this.#bytes = part * bounds.bytes;
  }

  /** Whether there are enough of its size, for this member to propose or to help out with. */
  passes(entry: PoolEntry): boolean {
    const [own, others] = this.#of(entry);
    return own.full && others.full;
  }

  /** False where there are enough of its kind. */
  add(entry: PoolEntry, rank: number): boolean {
    const list = this.#of(entry)[rank === 0 ? 0 : 1];
    if (list.full) return false;
    list.add(entry);
    return true;
  }

  #of({ gas, raw }: PoolEntry): readonly [Shortlist, Shortlist] {
    return gas <= this.#gas && raw.length + TRANSACTION_OVERHEAD <= this.#bytes ? this.#fitting : this.#large;
  }
}

export type Candidates = {
  readonly first: readonly PoolEntry[];
  readonly others: readonly { readonly entry: PoolEntry; readonly rank: number }[];
};

/**
 * Of what waits, in the order in which gas is for it, the first of each lane that are for this member to propose, and the
 * first that it helps out with: as many as it takes to fill a proposal, however many more wait. `rank` as `Turn` says.
 */
export function candidates(
  waiting: Iterable<PoolEntry>,
  bounds: Bounds,
  rank: (entry: PoolEntry) => number | undefined,
): Candidates {
  const first: PoolEntry[] = [];
  const others: { readonly entry: PoolEntry; readonly rank: number }[] = [];
  const lists = new Map(LANES.map((lane) => [lane, new LaneShortlists(lane, bounds)]));
  // Nothing of a sender is a candidate without what it sent before.
  const passed = new Set<string>();
  for (const entry of waiting) {
    const list = lists.get(entry.lane);
    if (list === undefined || passed.has(entry.sender)) continue;
    const place = list.passes(entry) ? "passed" : rank(entry);
    if (place === undefined) continue;
    if (place === "passed" || !list.add(entry, place)) passed.add(entry.sender);
    else if (place === 0) first.push(entry);
    else others.push({ entry, rank: place });
  }
  return { first, others };
}

/** Of the block, whatever number of proposals is accepted: what is a lane's own while others want it too. */
function partOf(lane: Lane, bounds: Bounds): number {
  return lane === "fresh" ? bounds.spare * LANE_SHARE[lane] : LANE_SHARE[lane];
}

type Use = { gas: number; bytes: number };

/** Fills one proposal lane by lane. A sender's transactions are taken in their order or not at all. */
class Quota {
  readonly taken: PoolEntry[] = [];
  readonly #bounds: Bounds;
  readonly #total: Use = { gas: 0, bytes: 0 };
  readonly #lanes: Readonly<Record<Lane, Use>> = {
    priority: { gas: 0, bytes: 0 },
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
 * lane's own part first, and then what is left over, lane after lane. `others` have a part of each lane; the rest goes
 * to one's own first, which nobody else proposes.
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
    const share = partOf(lane, bounds);
    const rest = quota.fill(own, PRIMARY_SHARE * share, "lane");
    left.push({
      lane,
      others: quota.fill(old, share, "lane"),
      first: quota.fill(rest, share, "lane"),
    });
  }
  left.sort((a, b) => HEIRS.indexOf(a.lane) - HEIRS.indexOf(b.lane));
  // Twice: what stands behind a transaction of a later lane is next once that one is taken.
  for (let pass = 0; pass < 2; pass++) {
    left = left.map(({ lane, first: own, others: old }) => {
      const part = lane === "fresh" ? bounds.spare : 1;
      const stillOwn = quota.fill(own, part, "total");
      return { lane, first: stillOwn, others: quota.fill(old, part, "total") };
    });
  }
  return quota.taken;
}
