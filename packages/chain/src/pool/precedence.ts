import type { Lane } from "@tributary/protocol/gasless/lanes";
import type { PoolFee, PoolFees } from "./pool-fees.ts";
import type { SenderQueue, Waiting } from "./sender-queue.ts";

/**
 * Part of a block that a transaction with priority may ask for by its limit: larger ones would not fit the lane's part
 * of a proposal, and wait as others do.
 */
const LARGEST_WITH_PRIORITY = 1 / 64;

/** Priority that an account bought. */
export type Priority = {
  /** Gas a second. */
  readonly rate: number;
  /** Gas that may be used with it now. */
  readonly left: number;
};

/** What is known of a sender. */
export type Standing = {
  readonly history: boolean;
  /** Gas used of late beyond what credit made up for. */
  readonly debt: number;
  /** Absent where it has none. */
  readonly priority?: Priority;
};

/** What senders are ranked by. */
export type Ranking = {
  readonly standing: (sender: Waiting) => Standing;
  /** What a sponsor owes. */
  readonly debt: (sponsor: string) => number;
  readonly fees: PoolFees;
  /** G of the chain. */
  readonly blockGas: number;
};

type Ranked = { readonly waiting: Waiting; readonly rank: number; readonly key: number };
type Place = { readonly lane: Lane; readonly key: number };

const RANK: Readonly<Record<Lane, number>> = { priority: 0, history: 1, work: 2, fresh: 3 };

/** The lane of a transaction that has no priority. `fee`: what it would pay, where fees are ordinary. */
export function laneOf(
  { hashes, sponsor }: Pick<Waiting, "hashes" | "sponsor">,
  { history }: Standing,
  fee?: PoolFee,
): Lane {
  // Whoever pays stands before all who do not.
  if (fee?.tip !== undefined) return "history";
  if (hashes > 0) return "work";
  if (fee !== undefined) return "fresh";
  // Whoever owns the chain has history, and all that it sponsors is one account's.
  return history || sponsor !== undefined ? "history" : "fresh";
}

/** Whether a transaction may go by so much gas of priority. */
export function hasPriority({ sponsor, hashes, gas }: Waiting, left: number, blockGas: number): boolean {
  return sponsor === undefined && hashes === 0 && gas <= left && gas <= LARGEST_WITH_PRIORITY * blockGas;
}

/** A sender's transactions by their places, nonces ascending. */
class SenderPlaces {
  readonly #standing: Standing;
  readonly #sponsored: (waiting: Waiting) => number;
  readonly #blockGas: number;
  /** Used of late, with all that is before the next one. */
  #gas: number;
  #priority: number;

  constructor(standing: Standing, sponsored: (waiting: Waiting) => number, blockGas: number) {
    this.#standing = standing;
    this.#sponsored = sponsored;
    this.#blockGas = blockGas;
    this.#gas = standing.debt;
    this.#priority = standing.priority?.left ?? 0;
  }

  next(waiting: Waiting, fee: PoolFee | undefined): Place {
    const place = this.#prior(waiting) ?? this.#ordinary(waiting, fee);
    if (waiting.sponsor === undefined) this.#gas += waiting.gas;
    return place;
  }

  /** Keys are seconds of what was bought, so that whoever bought more has more. */
  #prior(waiting: Waiting): Place | undefined {
    const { priority } = this.#standing;
    if (priority === undefined || !hasPriority(waiting, this.#priority, this.#blockGas)) return undefined;
    const key = -this.#priority / priority.rate;
    this.#priority -= waiting.gas;
    return { lane: "priority", key };
  }

  #ordinary(waiting: Waiting, fee: PoolFee | undefined): Place {
    const lane = laneOf(waiting, this.#standing, fee);
    if (fee?.tip !== undefined) return { lane, key: -Number(fee.tip) };
    if (lane === "work") return { lane, key: -waiting.hashes / waiting.gas };
    return { lane, key: waiting.sponsor === undefined ? this.#gas : this.#sponsored(waiting) };
  }
}

/** Nonces ascend: a transaction ranks no better than those before it. With ordinary fees whoever offers too little waits. */
function ranked(queue: SenderQueue, places: SenderPlaces, fees: PoolFees): Ranked[] {
  const out: Ranked[] = [];
  let rank = 0;
  let floor = Number.NEGATIVE_INFINITY;
  for (const waiting of queue.ready) {
    const fee = fees.ordinary ? fees.of(waiting.transaction) : undefined;
    if (fees.ordinary && (fee === undefined || fee.waits)) break;
    const { lane, key } = places.next(waiting, fee);
    waiting.lane = lane;
    const own = RANK[lane];
    if (own > rank) floor = Number.NEGATIVE_INFINITY;
    rank = Math.max(rank, own);
    floor = Math.max(floor, key);
    out.push({ waiting, rank, key: floor });
  }
  return out;
}

/**
 * Whose turn it is to be proposed: priority that was bought first, whoever has most seconds of it left; senders with
 * history, then proofs of work, then the others. With and without history, whoever used the least of late comes first,
 * which fills up shares max-min; proofs go by hashes for a gas. With ordinary fees the second lane is for those who pay,
 * by their tips, and who pays nothing is in the last.
 */
export function byPrecedence(queues: Iterable<SenderQueue>, { standing, debt, fees, blockGas }: Ranking): Waiting[] {
  const lists: Ranked[][] = [];
  // What a sponsor owes, with all that is before a transaction.
  const owed = new Map<string, number>();
  const sponsored = ({ sponsor = "", gas }: Waiting): number => {
    const before = owed.get(sponsor) ?? debt(sponsor);
    owed.set(sponsor, before + gas);
    return before;
  };
  for (const queue of queues) {
    const [first] = queue.ready;
    if (first === undefined) continue;
    const list = ranked(queue, new SenderPlaces(standing(first), sponsored, blockGas), fees);
    if (list.length > 0) lists.push(list);
  }
  // Round by round is nearly the order already, which the sort is quick with.
  const all: Ranked[] = [];
  for (let round = 0, left = lists; left.length > 0; round++) {
    for (const list of left) {
      const entry = list[round];
      if (entry !== undefined) all.push(entry);
    }
    left = left.filter(({ length }) => length > round + 1);
  }
  all.sort((a, b) => a.rank - b.rank || a.key - b.key);
  return all.map(({ waiting }) => waiting);
}
