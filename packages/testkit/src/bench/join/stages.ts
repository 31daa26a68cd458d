import type { JoinNetwork } from "./join-network.ts";
import type { Spent, Watch } from "./watch.ts";

export type Stage = Spent & { readonly stage: string };

/** Log lines of the joining node that end a stage, in their order. */
const ENDS: readonly (readonly [stage: string, message: string])[] = [
  ["start, genesis", "member runs"],
  ["links, how far the chain is", "far behind: a snapshot is fetched"],
  ["snapshot made by the members", "a certified snapshot is taken over"],
  ["buckets fetched and verified", "all of a snapshot is here"],
  ["disk compared with what was verified", "a snapshot is here and verified: the member begins again with it"],
  ["opened with the snapshot", "member runs"],
];

/** What the joining node did between two times, in milliseconds of the epoch, by its log. The last one is `rest`. */
export function stagesOf(
  network: JoinNetwork,
  joiner: number,
  watch: Watch,
  from: number,
  to: number,
  rest: string,
): Stage[] {
  const out: Stage[] = [];
  let begun = from;
  for (const [stage, message] of ENDS) {
    const line = network.log(joiner, message).find(({ time }) => Number(time) >= begun && Number(time) <= to);
    if (line === undefined) break;
    const end = Number(line["time"]);
    out.push({ stage, ...watch.spent(begun, end) });
    begun = end;
  }
  return [...out, { stage: rest, ...watch.spent(begun, to) }];
}
