import type { Tracer } from "@tributary/evm/tracers/tracer";
import type { EthereumBlock, EthereumTransaction } from "../block/ethereum.ts";
import type { Log } from "../block/receipt.ts";
import type { BlockOverride, CallRequest, CallResult, StateOverride } from "../executor/call.ts";

/** A call of a simulation: a transaction that nobody signed. */
export type SimulatedCall = Omit<CallRequest, "gasPrice" | "maxPriorityFeePerGas"> & {
  readonly type: EthereumTransaction["type"];
  /** The sender's next one unless given. */
  readonly nonce?: bigint;
  /** Wei a gas; of it a rented chain charges what its owner asks for. */
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
  /** Indexes that its logs take in the block: where transfers are shown, with those that a failure undid, as in geth. */
  readonly logCount: number;
  /** Gas before anything was given back. */
  readonly maxUsedGas: bigint;
  /** Wei that a gas cost. */
  readonly gasPrice: bigint;
};

/** A block that nobody made. On a rented chain its state root is zero: no committee commits to the state of a simulation. */
export type SimulatedBlock = {
  readonly block: EthereumBlock;
  readonly transactions: readonly EthereumTransaction[];
  readonly outcomes: readonly SimulatedOutcome[];
};

export type SimulationErrorCode =
  | "nonce-too-low"
  | "nonce-too-high"
  | "nonce-max"
  | "base-fee"
  | "intrinsic-gas"
  | "insufficient-funds"
  | "forbidden"
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
