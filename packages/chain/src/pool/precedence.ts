import type { Lane } from "@tributary/protocol/gasless/lanes";
import type { SenderQueue, Waiting } from "./sender-queue.ts";

/** What is known of a sender. */
export type Standing = {
  readonly history: boolean;
  /** Gas used of late beyond what credit made up for. */
  readonly debt: number;
};

type Ranked = { readonly waiting: Waiting; readonly rank: number; readonly key: number };

const RANK: Readonly<Record<Lane, number>> = { history: 0, work: 1, fresh: 2 };

export function laneOf({ hashes, sponsor }: Pick<Waiting, "hashes" | "sponsor">, { history }: Standing): Lane {
  if (hashes > 0) return "work";
  // Whoever owns the chain has history, and all that it sponsors is one account's.
  return history || sponsor !== undefined ? "history" : "fresh";
}

/** Nonces ascend: a transaction ranks no better than those before it. */
function ranked(queue: SenderQueue, standing: Standing, sponsored: (waiting: Waiting) => number): Ranked[] {
  const out: Ranked[] = [];
  let rank = 0;
  let floor = Number.NEGATIVE_INFINITY;
  let gas = standing.debt;
  for (const waiting of queue.ready) {
    waiting.lane = laneOf(waiting, standing);
    const own = RANK[waiting.lane];
    if (own > rank) floor = Number.NEGATIVE_INFINITY;
    rank = Math.max(rank, own);
    const unsponsored = waiting.sponsor === undefined;
    const key = waiting.lane === "work" ? -waiting.hashes / waiting.gas : unsponsored ? gas : sponsored(waiting);
    floor = Math.max(floor, key);
    out.push({ waiting, rank, key: floor });
    if (unsponsored) gas += waiting.gas;
  }
  return out;
}

/**
 * Whose turn it is to be proposed: senders with history first, then proofs of work, then the others. With and without
 * history, whoever used the least of late comes first, which fills up shares max-min; proofs go by hashes for a gas.
 */
export function byPrecedence(
  queues: Iterable<SenderQueue>,
  standing: (sender: Waiting) => Standing,
  debt: (sponsor: string) => number,
): Waiting[] {
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
    if (first !== undefined) lists.push(ranked(queue, standing(first), sponsored));
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
