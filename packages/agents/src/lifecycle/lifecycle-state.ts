import { dropGenerations, type Generations, noGenerations, reduceGenerations } from "../keygen/generation.ts";
import {
  isChainEvent,
  isKeyGenerationEvent,
  isNodeEvent,
  isSelectionEvent,
  type MainchainEvent,
} from "../mainchain/events.ts";
import { type NodeRegistry, noNodes, reduceNodes } from "../mainchain/node-registry.ts";
import type { MainchainFact } from "../mainchain/watcher.ts";
import { type Chains, noChains, reduceChains, reduceSelection } from "./chain-record.ts";

/** The network as the mainchain tells it: nodes, chains, and the key generations behind them. */
export type LifecycleState = {
  readonly nodes: NodeRegistry;
  readonly chains: Chains;
  readonly generations: Generations;
};

export const emptyLifecycle: LifecycleState = { nodes: noNodes, chains: noChains, generations: noGenerations };

export function reduceLifecycle(state: LifecycleState, fact: MainchainFact<MainchainEvent>): LifecycleState {
  const { event, block } = fact;
  if (isNodeEvent(event)) return { ...state, nodes: reduceNodes(state.nodes, event) };
  if (isKeyGenerationEvent(event)) {
    return { ...state, generations: reduceGenerations(state.generations, event, block) };
  }
  if (isSelectionEvent(event)) return { ...state, chains: reduceSelection(state.chains, event) };
  if (!isChainEvent(event)) return state;
  const chains = reduceChains(state.chains, event, block);
  const over = event.name === "ChainDeleted" || event.name === "ChainFailed" || event.name === "ChainExpired";
  return {
    ...state,
    chains,
    generations: over ? dropGenerations(state.generations, event.chainId) : state.generations,
  };
}
