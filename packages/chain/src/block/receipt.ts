import type { TransactionType } from "../transaction/transaction.ts";

export type Log = {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes each, at most 4. */
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
};

/** What execution left behind of one transaction. Consensus fields first, then what RPC shows beside them. */
export type Receipt = {
  readonly type: TransactionType;
  /** 1 success, 0 reverted or halted. */
  readonly status: 0 | 1;
  readonly cumulativeGasUsed: number;
  /** 256 bytes. */
  readonly logsBloom: Uint8Array;
  readonly logs: readonly Log[];
  readonly gasUsed: number;
  /** Set for a contract creation, also a failed one. */
  readonly contractAddress: Uint8Array | undefined;
};

/** Where a transaction or log was included. */
export type Inclusion = {
  readonly blockNumber: number;
  readonly blockHash: Uint8Array;
  /** Seconds. */
  readonly timestamp: number;
  readonly transactionIndex: number;
};

export type LocatedLog = Inclusion & {
  readonly log: Log;
  readonly transactionHash: Uint8Array;
  /** Position among all logs of the block. */
  readonly logIndex: number;
};
