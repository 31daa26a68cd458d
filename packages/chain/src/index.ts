export type { Block, BlockHeader } from "./block/block.ts";
export type {
  EthereumBlock,
  EthereumHeader,
  EthereumReceipt,
  EthereumTransaction,
  Withdrawal,
} from "./block/ethereum.ts";
export type { Inclusion, LocatedLog, Log, Receipt } from "./block/receipt.ts";
export type {
  AccountProof,
  ActiveRules,
  BlockFees,
  BuildRequest,
  BuiltBlock,
  EthereumView,
  RuleSchedule,
} from "./chain/ethereum-view.ts";
export type {
  BlockEvent,
  BlockId,
  ChainReader,
  GasEstimate,
  IncludedReceipt,
  IncludedTransaction,
  LogFilter,
  Pretence,
  SubmitResult,
} from "./chain/reader.ts";
export { ChainError, type ChainErrorCode } from "./chain-error.ts";
export type { BlockOverride, CallRequest, CallResult, StateOverride } from "./executor/call.ts";
export type { Watch } from "./executor/replayer.ts";
export type { PoolStatus } from "./pool/pool-status.ts";
export type {
  BlockPlan,
  SimulatedBlock,
  SimulatedCall,
  SimulatedOutcome,
  SimulationErrorCode,
  SimulationOptions,
} from "./simulation/simulation.ts";
export { SimulationError } from "./simulation/simulation.ts";
export type { Rejection, RejectionCode } from "./transaction/rejection.ts";
export type { AccessListItem, Authorization, Transaction, TransactionType } from "./transaction/transaction.ts";
