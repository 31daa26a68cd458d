import { parseEventLogs } from "viem";
import { committeesAbi } from "./abi/committees.generated.ts";
import type { TributaryAddresses } from "./addresses.ts";
import { readHeaderRlp } from "./header-rlp.ts";
import { type ManagerClient, mined } from "./manager-client.ts";

export type Selection =
  | { readonly kind: "selected"; readonly nodeIds: readonly number[] }
  /** Too few nodes: the chain has failed and its rent is back. */
  | { readonly kind: "unavailable" }
  | { readonly kind: "not-requested" }
  /** Another chain is first in line. */
  | { readonly kind: "not-next"; readonly next: bigint }
  /** The seed block does not exist yet, or is the newest block. */
  | { readonly kind: "too-early"; readonly seedBlock: bigint }
  /** The seed block's hash was out of reach; the request has a new one now. */
  | { readonly kind: "rearmed"; readonly seedBlock: bigint };

/** Moves the oldest request on: selects its committee, or gives it a new seed block where that is needed. Anyone may. */
export async function selectCommittee(
  client: ManagerClient,
  addresses: TributaryAddresses,
  chainId: bigint,
): Promise<Selection> {
  const committees = { address: addresses.Committees, abi: committeesAbi } as const;
  const { seedBlock } = await client.readContract({ ...committees, functionName: "requestOf", args: [chainId] });
  if (seedBlock === 0n) return { kind: "not-requested" };
  const next = await client.readContract({ ...committees, functionName: "nextRequest", args: [] });
  if (next.chainId !== chainId) return { kind: "not-next", next: next.chainId };
  // A call runs at the head's height on some clients, so the block after the seed block must exist for the estimate.
  const head = await client.getBlockNumber({ cacheTime: 0 });
  if (head <= seedBlock) return { kind: "too-early", seedBlock };
  const header = await readHeaderRlp(client, seedBlock);
  const known = await client.readContract({ ...committees, functionName: "seedBlockKnown", args: [chainId] });
  if (!known || header === undefined) {
    const hash = await client.writeContract({ ...committees, functionName: "rearm", args: [chainId] });
    const { logs } = await mined(client, "the new seed block", hash);
    const [event] = parseEventLogs({ abi: committeesAbi, eventName: "SelectionRearmed", logs });
    return { kind: "rearmed", seedBlock: event?.args.seedBlock ?? 0n };
  }
  const hash = await client.writeContract({ ...committees, functionName: "select", args: [chainId, header] });
  const { logs } = await mined(client, "the selection", hash);
  const [event] = parseEventLogs({ abi: committeesAbi, eventName: "CommitteeSelected", logs });
  return event === undefined ? { kind: "unavailable" } : { kind: "selected", nodeIds: event.args.nodeIds };
}
