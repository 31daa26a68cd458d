import type { Evm } from "@tributary/evm/evm";
import type { BlockEnv, Transaction as EvmTransaction } from "@tributary/evm/types";
import type { EthereumBlock, EthereumReceipt, EthereumTransaction } from "../block/ethereum.ts";
import type { PlacedPlan } from "./plan-chain.ts";
import type { SimulatedState } from "./simulated-state.ts";

/** A call of a simulation as the transaction that it stands for, before it has an encoding. */
export type SimulatedFields = Omit<EthereumTransaction, "raw" | "hash" | "r" | "s" | "yParity">;

/** What a call pays. All of it is 0 where gas is not paid for. */
export type SimulatedPrice = {
  /** Wei a gas. */
  readonly gas: bigint;
  /** The part of it that the beneficiary gets. */
  readonly tip: bigint;
  /** Wei for the blobs. */
  readonly blobs: bigint;
};

/** One executed call. */
export type SimulatedRun = { readonly transaction: EthereumTransaction; readonly receipt: EthereumReceipt };

/** A block of a simulation while it is made. */
export interface OpenBlock {
  readonly gasLimit: number;
  readonly beneficiary: Uint8Array;
  readonly baseFee: bigint;
  /** undefined where the block's rules are not ours to execute: it takes no calls. */
  readonly env: BlockEnv | undefined;
  /** What the protocol does before the calls, on an EVM that has begun the block. */
  open(evm: Evm): void;
  price(call: SimulatedFields): SimulatedPrice;
  transaction(call: EthereumTransaction): EvmTransaction;
  /** What the protocol does after the calls, and the block. */
  close(evm: Evm, state: SimulatedState, ran: readonly SimulatedRun[]): Promise<EthereumBlock>;
}

/** What differs between a rented chain and an Ethereum of others where blocks are simulated. */
export interface SimulationRules {
  readonly chainId: bigint;
  /** Begins the block after `parent`. `base` is the real one on whose state the simulation began. */
  begin(parent: EthereumBlock, block: PlacedPlan["block"], validation: boolean, base: EthereumBlock): OpenBlock;
}
