import { quorum } from "@tributary/protocol/quorum";
import type { Now } from "../agent.ts";
import type { Generation, Generations } from "../keygen/generation.ts";
import type { NodeRegistry } from "../mainchain/node-registry.ts";
import type { Handovers, ReadyEpoch } from "../resharing/handover.ts";
import type { ChainRecord } from "./chain-record.ts";
import type { LifecycleState } from "./lifecycle-state.ts";

export type LifecycleAction =
  | {
      readonly kind: "start";
      readonly chain: ChainRecord;
      /** Of the first epochs of the eras. */
      readonly generations: readonly Generation[];
      /** This node. */
      readonly id: number;
      readonly nodes: NodeRegistry;
      /** Ready epochs of all eras, the first one first. */
      readonly history: readonly ReadyEpoch[];
      /** Of the epoch in the making. */
      readonly joining: readonly number[];
    }
  | { readonly kind: "release"; readonly chainId: bigint; readonly epoch: number }
  /** Ends an epoch that has lasted its period; `due` in mainchain seconds, undefined where that has to be read first. */
  | {
      readonly kind: "schedule";
      readonly chainId: bigint;
      readonly era: number;
      readonly epoch: number;
      readonly due?: bigint;
    }
  /** Has the group key renewed by schedule; `due` in mainchain seconds, undefined where that has to be read first. */
  | { readonly kind: "renew"; readonly chainId: bigint; readonly era: number; readonly due?: bigint }
  /** Shows the mainchain where the newest era begins. `ready`: block of its READY. */
  | {
      readonly kind: "show";
      readonly chainId: bigint;
      readonly era: number;
      readonly ready: number;
      /** By era. */
      readonly groupKeys: ReadonlyMap<number, `0x${string}`>;
    }
  /** Asks for nodes in the place of those that are exiting, by ascending seat. */
  | { readonly kind: "replace"; readonly chainId: bigint; readonly epoch: number; readonly leaving: readonly number[] }
  | { readonly kind: "stop"; readonly chainId: bigint; readonly reason: "expired" | "deleted" | "left" }
  | { readonly kind: "select"; readonly chainId: bigint; readonly seedBlock: bigint }
  | { readonly kind: "start-keygen"; readonly chainId: bigint }
  | { readonly kind: "expire"; readonly chainId: bigint };

/** Blocks by which nodes are apart when any of them could do it and one is enough. */
const TURN_BLOCKS = 2n;
/** Nodes that take turns; those after them act together with the last, in case all of the first are away. */
const TURNS = 8n;
/** Blocks after selection in which key generation starts by itself. */
const SELECTED_PATIENCE = 3n;
/** Blocks of an epoch before other members ask for the replacement of one that is exiting. */
const EXIT_PATIENCE = 30n;

export function lifecycleActionKey(action: LifecycleAction): string {
  switch (action.kind) {
    case "start":
      return `start/${action.chain.chainId}/${startName(action)}`;
    case "release":
      return `release/${action.chainId}/${action.epoch}`;
    case "schedule":
      return `schedule/${scheduleName(action)}${action.due === undefined ? "/look" : ""}`;
    case "renew":
      return `renew/${renewalName(action)}${action.due === undefined ? "/look" : ""}`;
    case "show":
      return `show/${renewalName(action)}`;
    case "replace":
      return `replace/${action.chainId}/${action.epoch}/${action.leaving.join()}`;
    case "select":
      return `select/${action.chainId}/${action.seedBlock}`;
    case "stop":
    case "start-keygen":
    case "expire":
      return `${action.kind}/${action.chainId}`;
  }
}

/** Names all that a start tells: where this is the same nothing is new. */
export function startName({ chain, history, joining }: LifecycleAction & { kind: "start" }): string {
  const epochs = history.map(({ era, epoch, first }) => `${era}.${epoch}${first === undefined ? "" : `@${first}`}`);
  return `${chain.era}/${epochs.join()}/${joining.join()}`;
}

/** Names the era whose key is renewed, or shown. */
export function renewalName({ chainId, era }: { chainId: bigint; era: number }): string {
  return `${chainId}/${era}`;
}

/** Names the epoch whose end is scheduled. */
export function scheduleName({ chainId, era, epoch }: { chainId: bigint; era: number; epoch: number }): string {
  return `${chainId}/${era}/${epoch}`;
}

/** Whether this node still has something to do for a chain in which it had its last seat in the epoch named. */
export type Owes = (chainId: bigint, last: Pick<ReadyEpoch, "era" | "epoch">) => boolean;

/**
 * What the node `id` should do now. `running`: the chains whose member runs here, and what it was told. A chain that the mainchain does not
 * know (any more) is not stopped: the fold may be behind, and only an event ends a chain.
 */
export function nextLifecycleActions(
  state: LifecycleState,
  id: number,
  running: ReadonlyMap<bigint, string>,
  now: Now,
  due: ReadonlyMap<string, bigint> = new Map(),
  owes: Owes = () => false,
): readonly LifecycleAction[] {
  const actions: LifecycleAction[] = [];
  const { chains, nodes } = state;
  for (const chain of chains.records.values()) {
    const { chainId } = chain;
    switch (chain.state) {
      case "running":
      case "paused": {
        actions.push(...taking(state, chain, id, running, owes));
        actions.push(...replacing(state, chain, id, now, due), ...renewing(state, chain, id, now, due));
        const end = chain.end + BigInt(chains.grace);
        if (now.head.timestamp > end && myTurn(chain, id, nodes, now, 0n)) actions.push({ kind: "expire", chainId });
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

/** What this node's part in a chain that runs asks for. */
function taking(
  { generations, handovers, nodes }: LifecycleState,
  chain: ChainRecord,
  id: number,
  running: ReadonlyMap<bigint, string>,
  owes: Owes,
): readonly LifecycleAction[] {
  const { chainId } = chain;
  const joining = joiningOf(handovers, generations, chainId);
  const history = handovers.history.get(chainId) ?? [];
  const part = partOf(handovers, joining, chainId, id);
  if (part === "none") {
    // Its slots are free, and it may have been away at the border: what it acknowledged, and its share, are not gone yet.
    const last = history.findLast(({ nodeIds }) => nodeIds.includes(id));
    if (last === undefined || !owes(chainId, last)) {
      const reason = last === undefined ? "deleted" : "left";
      return running.has(chainId) ? [{ kind: "stop", chainId, reason }] : [];
    }
  }
  const done = generations.done.get(chainId) ?? [];
  const newest = history.at(-1);
  if (done.length === 0 || newest === undefined) return [];
  const start = { kind: "start", chain, generations: done, id, nodes, history, joining } as const;
  const actions: LifecycleAction[] = running.get(chainId) === startName(start) ? [] : [start];
  if (part === "left") actions.push({ kind: "release", chainId, epoch: newest.epoch });
  return actions;
}

/**
 * Members that are exiting are replaced a few at a time: their own nodes ask for it first. Where nobody is, an epoch that
 * has lasted its period ends. `due`: mainchain seconds by `scheduleName`.
 */
function replacing(
  { chains, generations, handovers, nodes }: LifecycleState,
  chain: ChainRecord,
  id: number,
  now: Now,
  due: ReadonlyMap<string, bigint>,
): readonly LifecycleAction[] {
  const { chainId } = chain;
  const newest = handovers.history.get(chainId)?.at(-1);
  const waits =
    chains.queue.some((entry) => entry.chainId === chainId) || joiningOf(handovers, generations, chainId).length > 0;
  if (newest === undefined || waits || chain.recovering || chain.renewing || !newest.nodeIds.includes(id)) return [];
  const { nodeIds, era, epoch } = newest;
  const leaving = nodeIds.filter((nodeId) => nodes.get(nodeId)?.exiting === true).slice(0, mostLeaving(nodeIds.length));
  if (leaving.length === 0) {
    const end = due.get(scheduleName({ chainId, era, epoch }));
    if (end === undefined) return [{ kind: "schedule", chainId, era, epoch }];
    // A second for each turn, since a chain of blocks may pause for long before one.
    const turn = BigInt(newest.nodeIds.indexOf(id));
    return now.head.timestamp >= end + turn ? [{ kind: "schedule", chainId, era, epoch, due: end }] : [];
  }
  if (!leaving.includes(id) && !myTurn(chain, id, nodes, now, newest.block + EXIT_PATIENCE)) return [];
  return [{ kind: "replace", chainId, epoch, leaving }];
}

/** A key that has served its period is renewed; then the first member that can shows where its era begins. */
function renewing(
  { chains, generations, handovers, nodes }: LifecycleState,
  chain: ChainRecord,
  id: number,
  now: Now,
  due: ReadonlyMap<string, bigint>,
): readonly LifecycleAction[] {
  const { chainId } = chain;
  const history = handovers.history.get(chainId) ?? [];
  const newest = history.at(-1);
  const place = newest?.nodeIds.indexOf(id) ?? -1;
  if (newest === undefined || place < 0) return [];
  const { era } = newest;
  const begun = history.find((ready) => ready.era === era);
  if (chain.renewing && begun !== undefined && begun !== history[0]) {
    if (begun.first !== undefined || begun.beginning !== undefined) return [];
    const groupKeys = new Map(history.map((ready) => [ready.era, ready.groupKey]));
    const shows = now.head.number >= begun.block + TURN_BLOCKS * BigInt(place);
    return shows ? [{ kind: "show", chainId, era, ready: Number(begun.block), groupKeys }] : [];
  }
  const waits = chains.queue.some((entry) => entry.chainId === chainId);
  if (waits || chain.recovering || chain.renewing || joiningOf(handovers, generations, chainId).length > 0) return [];
  if (newest.nodeIds.some((nodeId) => nodes.get(nodeId)?.exiting === true)) return [];
  const end = due.get(renewalName({ chainId, era }));
  if (end === undefined) return [{ kind: "renew", chainId, era }];
  return now.head.timestamp >= end + BigInt(place) ? [{ kind: "renew", chainId, era, due: end }] : [];
}

/** Seats replaced at a time: max(1, floor(f / 2)). */
function mostLeaving(members: number): number {
  return Math.max(1, Math.floor((members - quorum(members)) / 2));
}

/** Nodes that an epoch in the making is to have: of the same era, or the first one of the next. */
function joiningOf(handovers: Handovers, generations: Generations, chainId: bigint): readonly number[] {
  const generation = generations.current.get(chainId);
  const newest = handovers.history.get(chainId)?.at(-1);
  const next = generation !== undefined && newest !== undefined && generation.era > newest.era;
  if (next && generation.phase !== "failed") return generation.nodeIds;
  const current = handovers.current.get(chainId);
  return current === undefined || current.phase === "done" || current.phase === "failed" ? [] : current.nodeIds;
}

/** What the node has to do with the chain. Who left serves until its slots are free. */
function partOf(
  handovers: Handovers,
  joining: readonly number[],
  chainId: bigint,
  id: number,
): "member" | "joining" | "left" | "none" {
  const history = handovers.history.get(chainId) ?? [];
  const newest = history.at(-1);
  if (newest?.nodeIds.includes(id)) return "member";
  if (joining.includes(id)) return "joining";
  const released = handovers.released.get(chainId) ?? -1;
  const stays = newest !== undefined && released < newest.epoch;
  return stays && history.at(-2)?.nodeIds.includes(id) ? "left" : "none";
}

/** Nodes take turns from `from` on, in an order that differs by chain, so that they do not all pay for one call. */
function myTurn(chain: ChainRecord, id: number, nodes: NodeRegistry, now: Now, from: bigint): boolean {
  const count = BigInt(Math.max(1, nodes.size));
  const place = (BigInt(id) + chain.nonce) % count;
  const turn = place < TURNS ? place : TURNS;
  return now.head.number >= from + TURN_BLOCKS * turn;
}
