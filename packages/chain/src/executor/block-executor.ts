import type { Tracer } from "@tributary/evm/tracers/tracer";
import type { Receipt } from "../block/receipt.ts";
import type { ForkRules } from "../forks/fork.ts";
import type { FeeParent } from "../rules/base-fee.ts";
import type { Term } from "../rules/term-storage.ts";
import type { Change } from "../state/bucket-set.ts";
import type { StateReader } from "../state/state-view.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { CallRequest, CallResult, StateOverride } from "./call.ts";

/** What code can see of the block that it runs in. */
export type BlockContext = {
  /** The rules in force. */
  readonly fork: ForkRules;
  readonly number: number;
  /** Seconds. */
  readonly timestamp: number;
  readonly gasLimit: number;
  /** PREVRANDAO, 32 bytes. */
  readonly prevRandao: Uint8Array;
  readonly parentHash: Uint8Array;
  readonly parentBeaconBlockRoot: Uint8Array;
  /** Hash of one of the last 256 blocks. */
  readonly blockHash: (number: number) => Uint8Array | undefined;
  /** The owner's treasury, and wei that a gas costs; zero and 0 where nothing is charged. */
  readonly coinbase?: Uint8Array;
  readonly baseFee?: bigint;
  /** Whether tips are paid beside it. */
  readonly tips?: boolean;
  /** In which the block was ordered, where that is not what the state before it says. */
  readonly newTerm?: Term | undefined;
  /** Only calls pretend it; of a block it is 1. */
  readonly blobBaseFee?: bigint;
};

/** A call runs on the state after a block, and pays what the block after that one charges. */
export type CallContext = BlockContext & { readonly parent: FeeParent & { readonly baseFeePerGas?: bigint } };

export type TransactionOutcome =
  | { readonly kind: "executed"; readonly receipt: Receipt }
  /** Its nonce is above the sender's: it may become executable later in the container. */
  | { readonly kind: "ahead" }
  /** It offers less than a base fee that may fall again. */
  | { readonly kind: "priced-out" }
  /** Invalid at its place; nothing changed. */
  | { readonly kind: "invalid"; readonly rejection: Rejection };

/** One block while it is executed. */
export interface BlockRun {
  /** Next nonce of an account as of now. */
  nonce(address: Uint8Array): bigint;
  /** Executes or refuses one transaction. `cumulativeGasUsed` of the receipt counts this block's gas. */
  execute(transaction: Transaction): Promise<TransactionOutcome>;
  /** What the block changed, code included. Ends the run. */
  finish(): readonly Change[];
}

/** The seam behind which an EVM sits. Deterministic: the same state, context and transactions give the same changes. */
export interface BlockExecutor {
  /** Starts a block: system calls are done. One run at a time. */
  begin(state: StateReader, context: BlockContext): Promise<BlockRun>;
  /** Runs a call that changes nothing, watched where a tracer is given: what that throws is thrown. */
  call(
    state: StateReader,
    context: CallContext,
    request: CallRequest & { readonly gas: bigint },
    overrides?: readonly StateOverride[],
    tracer?: Tracer,
  ): Promise<CallResult>;
}
