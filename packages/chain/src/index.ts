export type { Block, BlockHeader } from "./block/block.ts";
export type { Inclusion, LocatedLog, Log, Receipt } from "./block/receipt.ts";
export type {
  BlockEvent,
  BlockId,
  CallRequest,
  CallResult,
  ChainReader,
  GasEstimate,
  IncludedReceipt,
  IncludedTransaction,
  LogFilter,
  StateOverride,
  SubmitResult,
} from "./chain/reader.ts";
export { ChainError, type ChainErrorCode } from "./chain-error.ts";
export type { PoolStatus, Rejection, RejectionCode } from "./pool/rejection.ts";
export type { AccessListItem, Authorization, Transaction, TransactionType } from "./transaction/transaction.ts";
