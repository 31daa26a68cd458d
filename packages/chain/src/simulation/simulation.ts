import type { Tracer } from "@tributary/evm/tracers/tracer";
import type { Block } from "../block/block.ts";
import type { Log } from "../block/receipt.ts";
import type { BlockOverride, CallRequest, CallResult, StateOverride } from "../executor/call.ts";
import type { Transaction, TransactionType } from "../transaction/transaction.ts";

/** A call of a simulation: a transaction that nobody signed. */
export type SimulatedCall = Omit<CallRequest, "gasPrice"> & {
  readonly type: TransactionType;
  /** The sender's next one unless given. */
  readonly nonce?: bigint;
  /** Wei a gas; never charged. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
};

/** A block of a simulation: what it pretends, and its calls. */
export type BlockPlan = {
  readonly block: BlockOverride & { readonly parentBeaconBlockRoot?: Uint8Array };
  readonly state: readonly StateOverride[];
  readonly calls: readonly SimulatedCall[];
};

export type SimulationOptions = {
  /** Checks nonces and the base fee as for a signed transaction; without it they are what the call says. */
  readonly validation: boolean;
  /** Shows coins that move as Transfer logs of 0xee…ee (ERC-7528). */
  readonly traceTransfers: boolean;
  /** Gas of all calls together. */
  readonly gas: bigint;
  /** Asked between calls; what it throws ends the simulation. */
  readonly check: () => void;
  /** Puts a bound of the caller's around what watches a call for transfers: watching takes far longer than the call. */
  readonly bounded: (tracer: Tracer) => Tracer;
};

export type SimulatedOutcome = {
  readonly result: Exclude<CallResult, { readonly kind: "invalid" }>;
  readonly logs: readonly Log[];
  /** Gas before anything was given back. */
  readonly maxUsedGas: bigint;
};

/** A block that no committee made. Its state root is zero: nobody commits to the state of a simulation. */
export type SimulatedBlock = {
  readonly block: Block;
  readonly transactions: readonly Transaction[];
  readonly outcomes: readonly SimulatedOutcome[];
};

export type SimulationErrorCode =
  | "nonce-too-low"
  | "nonce-too-high"
  | "nonce-max"
  | "base-fee"
  | "intrinsic-gas"
  | "insufficient-funds"
  | "block-gas-limit"
  | "block-number"
  | "timestamp"
  | "initcode-size"
  | "too-many-blocks"
  | "too-large";

/** Why a simulation has no result. The text is geth's. */
export class SimulationError extends Error {
  readonly code: SimulationErrorCode;

  constructor(code: SimulationErrorCode, message: string) {
    super(message);
    this.name = "SimulationError";
    this.code = code;
  }
}
