import type { SenderAccount } from "../executor/validate.ts";
import type { Priorities } from "../rules/priority-storage.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { PoolFees } from "./pool-fees.ts";
import type { WorkChain } from "./work-desk.ts";

export type PoolLimits = {
  /** Waiting transactions. */
  readonly count: number;
  /** Bytes of waiting transactions on the wire. */
  readonly bytes: number;
  /** Waiting transactions of one sender. */
  readonly perAccount: number;
};

export const DEFAULT_POOL_LIMITS: PoolLimits = { count: 20_000, bytes: 64 * 1024 * 1024, perAccount: 1_024 };

/** What the pool needs to know of the chain. */
export interface PoolChain extends WorkChain {
  /** The account after the newest certified block. */
  account(address: Uint8Array): SenderAccount;
  /** Why the owner's rules do not permit the transaction as of that block. */
  forbids(transaction: Transaction): Rejection | undefined;
  /** What the next block charges. */
  fees(): PoolFees;
  /** Who has priority now; undefined where nobody has. */
  priorities(): Priorities | undefined;
  /** Key of the account whose credit the transaction uses in place of its sender's. */
  sponsor(transaction: Transaction): string | undefined;
  /** G of the next block. */
  readonly gasLimit: number;
  /** Most gas of one transaction by the rules of that block; undefined where only the block bounds it. */
  readonly transactionGas?: number | undefined;
  /** B. */
  readonly byteLimit: number;
}
