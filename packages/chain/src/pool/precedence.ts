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

export function laneOf(waiting: Pick<Waiting, "hashes">, { history }: Standing): Lane {
  if (waiting.hashes > 0) return "work";
  return history ? "history" : "fresh";
}

/** Nonces ascend: a transaction ranks no better than those before it. */
function ranked(queue: SenderQueue, standing: Standing): Ranked[] {
  const out: Ranked[] = [];
  let rank = 0;
  let floor = Number.NEGATIVE_INFINITY;
  let gas = standing.debt;
  for (const waiting of queue.ready) {
    waiting.lane = laneOf(waiting, standing);
    const own = RANK[waiting.lane];
    if (own > rank) floor = Number.NEGATIVE_INFINITY;
    rank = Math.max(rank, own);
    const key = waiting.lane === "work" ? -waiting.hashes / waiting.gas : gas;
    floor = Math.max(floor, key);
    out.push({ waiting, rank, key: floor });
    gas += waiting.gas;
  }
  return out;
}

/**
 * Whose turn it is to be proposed: senders with history first, then proofs of work, then the others. With and without
 * history, whoever used the least of late comes first, which fills up shares max-min; proofs go by hashes for a gas.
 */
export function byPrecedence(queues: Iterable<SenderQueue>, standing: (sender: Waiting) => Standing): Waiting[] {
  const lists: Ranked[][] = [];
  for (const queue of queues) {
    const [first] = queue.ready;
    if (first !== undefined) lists.push(ranked(queue, standing(first)));
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
