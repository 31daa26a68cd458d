import type { Now } from "../agent.ts";
import type { Generation } from "../keygen/generation.ts";
import type { NodeRegistry } from "../mainchain/node-registry.ts";
import type { ChainRecord } from "./chain-record.ts";
import type { LifecycleState } from "./lifecycle-state.ts";

export type LifecycleAction =
  | {
      readonly kind: "start";
      readonly chain: ChainRecord;
      readonly generation: Generation;
      readonly seat: number;
      readonly nodes: NodeRegistry;
    }
  | { readonly kind: "stop"; readonly chainId: bigint; readonly reason: "expired" | "deleted" }
  | { readonly kind: "select"; readonly chainId: bigint; readonly seedBlock: bigint }
  | { readonly kind: "start-keygen"; readonly chainId: bigint }
  | { readonly kind: "expire"; readonly chainId: bigint };

/** Blocks by which nodes are apart when any of them could do it and one is enough. */
const TURN_BLOCKS = 2n;
/** Nodes that take turns; those after them act together with the last, in case all of the first are away. */
const TURNS = 8n;
/** Blocks after selection in which key generation starts by itself. */
const SELECTED_PATIENCE = 3n;

export function lifecycleActionKey(action: LifecycleAction): string {
  switch (action.kind) {
    case "start":
      return `start/${action.chain.chainId}/${action.chain.era}/${action.chain.epoch}`;
    case "select":
      return `select/${action.chainId}/${action.seedBlock}`;
    case "stop":
    case "start-keygen":
    case "expire":
      return `${action.kind}/${action.chainId}`;
  }
}

/**
 * What the node `id` should do now. `running`: the chains whose member runs here. A chain that the mainchain does not
 * know (any more) is not stopped: the fold may be behind, and only an event ends a chain.
 */
export function nextLifecycleActions(
  state: LifecycleState,
  id: number,
  running: ReadonlySet<bigint>,
  now: Now,
): readonly LifecycleAction[] {
  const actions: LifecycleAction[] = [];
  const { chains, generations, nodes } = state;
  for (const chain of chains.records.values()) {
    const { chainId } = chain;
    const seat = chain.nodeIds.indexOf(id);
    switch (chain.state) {
      case "running":
      case "paused": {
        const generation = generations.done.get(chainId);
        if (seat >= 0 && !running.has(chainId) && generation !== undefined) {
          actions.push({ kind: "start", chain, generation, seat, nodes });
        }
        const due = chain.end + BigInt(chains.grace);
        if (now.head.timestamp > due && myTurn(chain, id, nodes, now, 0n)) actions.push({ kind: "expire", chainId });
        break;
      }
      case "selected":
        if (myTurn(chain, id, nodes, now, chain.since + SELECTED_PATIENCE)) {
          actions.push({ kind: "start-keygen", chainId });
        }
        break;
      case "expired":
      case "deleted":
        if (running.has(chainId)) actions.push({ kind: "stop", chainId, reason: chain.state });
        break;
      case "requested":
      case "keygen":
      case "failed":
        break;
    }
  }
  const first = chains.queue[0];
  const waiting = first === undefined ? undefined : chains.records.get(first.chainId);
  if (first !== undefined && waiting !== undefined && myTurn(waiting, id, nodes, now, first.seedBlock)) {
    actions.push({ kind: "select", ...first });
  }
  return actions;
}

/** Nodes take turns from `from` on, in an order that differs by chain, so that they do not all pay for one call. */
function myTurn(chain: ChainRecord, id: number, nodes: NodeRegistry, now: Now, from: bigint): boolean {
  const count = BigInt(Math.max(1, nodes.size));
  const place = (BigInt(id) + chain.nonce) % count;
  const turn = place < TURNS ? place : TURNS;
  return now.head.number >= from + TURN_BLOCKS * turn;
}
