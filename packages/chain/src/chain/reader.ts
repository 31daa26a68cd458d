import type { Tracer } from "@tributary/evm/tracers/tracer";
import type { EthereumBlock, EthereumReceipt, EthereumTransaction } from "../block/ethereum.ts";
import type { Inclusion, LocatedLog } from "../block/receipt.ts";
import type { BlockOverride, CallRequest, CallResult, StateOverride } from "../executor/call.ts";
import type { Watch } from "../executor/replayer.ts";
import type { GaslessTerms } from "../pool/gasless.ts";
import type { PoolStatus } from "../pool/pool-status.ts";
import type { Standing } from "../pool/precedence.ts";
import type { BlockPlan, SimulatedBlock, SimulationOptions } from "../simulation/simulation.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { EthereumView, RuleSchedule } from "./ethereum-view.ts";

/**
 * A block a caller names: a number, a 32-byte hash, or a tag. latest = safe = finalized: only certified blocks are
 * shown. `pending` reads as latest, except for `pendingNonce`.
 */
export type BlockId = number | Uint8Array | "earliest" | "latest" | "safe" | "finalized" | "pending";

export type IncludedTransaction = Inclusion & {
  readonly transaction: EthereumTransaction;
  /** Wei that a gas of it cost; absent where nothing is charged. */
  readonly gasPrice?: bigint;
};

export type IncludedReceipt = IncludedTransaction & {
  readonly receipt: EthereumReceipt;
  /** Index in the block of the receipt's first log. */
  readonly firstLogIndex: number;
};

export type GasEstimate =
  | { readonly kind: "success"; readonly gas: bigint }
  | Exclude<CallResult, { readonly kind: "success" }>;

/** What a call pretends. */
export type Pretence = { readonly state?: readonly StateOverride[]; readonly block?: BlockOverride };

export type LogFilter = {
  readonly fromBlock: number;
  /** Inclusive. */
  readonly toBlock: number;
  /** Any of these emitters; empty or absent: all. */
  readonly addresses?: readonly Uint8Array[];
  /** Per position any of these values; an empty list matches everything. */
  readonly topics?: readonly (readonly Uint8Array[])[];
};

/** A new certified block with what it brought, as subscribers see it. */
export type BlockEvent = { readonly block: EthereumBlock; readonly logs: readonly LocatedLog[] };

export type SubmitResult =
  | { readonly kind: "accepted"; readonly hash: Uint8Array }
  | { readonly kind: "rejected"; readonly rejection: Rejection };

/**
 * What JSON-RPC reads of a chain and asks of it. Only certified blocks are visible. Methods that read state throw
 * ChainError `state-pruned` for a block whose state is not held and `unknown-block` for one that does not exist.
 */
export interface ChainReader {
  readonly chainId: bigint;
  /** What only an Ethereum of others has. */
  readonly ethereum?: EthereumView;
  /** Known even where block 0 is not kept any more. */
  readonly genesisHash: Uint8Array;
  /** The rules of execution at the head, and those to come. */
  rules(): RuleSchedule;
  /** Newest certified block. */
  readonly head: EthereumBlock;
  /** Wei a gas that the owner of a rented chain asks for from the next block on; 0, or absent: nothing. */
  readonly nextGasPrice?: bigint;
  /** Oldest block whose state can be read. */
  readonly oldestState: number;
  /** Blocks behind the head whose state is kept at most. */
  readonly stateWindow: number;

  /** Newest blocks that are kept whole; undefined where all are. */
  readonly blockWindow: number | undefined;
  /** undefined where there is no such block. */
  block(id: BlockId): EthereumBlock | undefined;
  transaction(hash: Uint8Array): IncludedTransaction | undefined;
  transactionAt(id: BlockId, index: number): IncludedTransaction | undefined;
  /** Waiting in the pool. */
  pendingTransaction(hash: Uint8Array): EthereumTransaction | undefined;
  pendingTransactions(): readonly EthereumTransaction[];
  receipt(hash: Uint8Array): IncludedReceipt | undefined;
  receipts(id: BlockId): readonly IncludedReceipt[] | undefined;
  /** Ascending; ChainError `limit-exceeded` beyond the limits of blocks or results, `history-pruned` before `earliest`. */
  logs(filter: LogFilter): Promise<readonly LocatedLog[]>;
  /** Logs of one block that match. */
  logsOfBlock(id: BlockId, filter: Pick<LogFilter, "addresses" | "topics">): readonly LocatedLog[] | undefined;

  balance(address: Uint8Array, id?: BlockId): bigint;
  nonce(address: Uint8Array, id?: BlockId): bigint;
  /** Next nonce after the sender's executable transactions in the pool. */
  pendingNonce(address: Uint8Array): bigint;
  code(address: Uint8Array, id?: BlockId): Uint8Array;
  /** 32 bytes. */
  storage(address: Uint8Array, slot: Uint8Array, id?: BlockId): Uint8Array;

  /** Executed at once. What a tracer throws is thrown. */
  call(request: CallRequest, id?: BlockId, pretence?: Pretence, tracer?: Tracer): Promise<CallResult>;
  /** Least gas limit with which the call succeeds. */
  estimateGas(request: CallRequest, id?: BlockId, pretence?: Pretence): Promise<GasEstimate>;
  /**
   * Executes the first `count` transactions of a block again, on the state before it. What `watch` or a tracer throws
   * ends it; ChainError `state-pruned` for block 0 too, `busy` where too many replays wait.
   */
  replay(id: BlockId, count: number, watch: Watch): Promise<void>;

  /**
   * Executes blocks that nobody made upon a block and its state. Throws SimulationError, what `options.check` throws,
   * and ChainError `busy` where too many simulations run.
   */
  simulate(id: BlockId, plans: readonly BlockPlan[], options: SimulationOptions): Promise<readonly SimulatedBlock[]>;

  /** Resolves once the transaction is durable in the pool's log: from then on it survives kill -9. */
  submit(raw: Uint8Array): Promise<SubmitResult>;
  poolStatus(): PoolStatus;
  /** What a transaction without history needs at this member now; undefined where gas is paid for. */
  gaslessTerms(): GaslessTerms | undefined;
  /** Whether the account has history on this chain, and what it used of late. */
  standing(address: Uint8Array): Standing;

  /** Called after each commit, ascending. The returned function unsubscribes. */
  onBlock(listener: (event: BlockEvent) => void): () => void;
  /** Called for each transaction newly accepted into the pool. */
  onPendingTransaction(listener: (transaction: EthereumTransaction) => void): () => void;
}
