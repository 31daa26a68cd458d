import { dropGenerations, type Generations, noGenerations, reduceGenerations } from "../keygen/generation.ts";
import {
  isChainEvent,
  isKeyGenerationEvent,
  isNodeEvent,
  isRecoveryEvent,
  isRenewalEvent,
  isResharingEvent,
  isSelectionEvent,
  type MainchainEvent,
} from "../mainchain/events.ts";
import { type NodeRegistry, noNodes, reduceNodes } from "../mainchain/node-registry.ts";
import type { MainchainFact } from "../mainchain/watcher.ts";
import {
  dropHandovers,
  type Handovers,
  noHandovers,
  reduceBorders,
  reduceEras,
  reduceFresh,
  reduceHandovers,
} from "../resharing/handover.ts";
import {
  type Chains,
  noChains,
  reduceChains,
  reduceRecovered,
  reduceRenewed,
  reduceSelection,
} from "./chain-record.ts";

/** The network as the mainchain tells it: nodes, chains, and the key generations behind them. */
export type LifecycleState = {
  readonly nodes: NodeRegistry;
  readonly chains: Chains;
  readonly generations: Generations;
  readonly handovers: Handovers;
};

export const emptyLifecycle: LifecycleState = {
  nodes: noNodes,
  chains: noChains,
  generations: noGenerations,
  handovers: noHandovers,
};

export function reduceLifecycle(state: LifecycleState, fact: MainchainFact<MainchainEvent>): LifecycleState {
  const { event, block } = fact;
  if (isNodeEvent(event)) return { ...state, nodes: reduceNodes(state.nodes, event) };
  if (isKeyGenerationEvent(event)) {
    const generations = reduceGenerations(state.generations, event, block);
    return { ...state, generations, handovers: reduceFresh(state.handovers, event, block) };
  }
  if (isResharingEvent(event)) return { ...state, handovers: reduceHandovers(state.handovers, event, block) };
  if (isSelectionEvent(event)) return { ...state, chains: reduceSelection(state.chains, event) };
  if (isRecoveryEvent(event)) {
    const chains = reduceRecovered(state.chains, event, block);
    return { ...state, chains, handovers: reduceEras(state.handovers, event) };
  }
  if (isRenewalEvent(event)) {
    const chains = reduceRenewed(state.chains, event, block);
    return { ...state, chains, handovers: reduceBorders(state.handovers, event) };
  }
  if (!isChainEvent(event)) return state;
  const chains = reduceChains(state.chains, event, block);
  const over = event.name === "ChainDeleted" || event.name === "ChainFailed" || event.name === "ChainExpired";
  return {
    ...state,
    chains,
    generations: over ? dropGenerations(state.generations, event.chainId) : state.generations,
    handovers: over ? dropHandovers(state.handovers, event.chainId) : state.handovers,
  };
}
