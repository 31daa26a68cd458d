import type { Transaction, TransactionType } from "../transaction/transaction.ts";
import type { Block, BlockHeader } from "./block.ts";
import type { Receipt } from "./receipt.ts";

// What a block, a transaction and a receipt of any Ethereum chain can be, for readers that show both: ours are of the
// newest form, without blobs and withdrawals.

/** Fields that upgrades appended to the header. */
type Appended =
  | "baseFeePerGas"
  | "withdrawalsRoot"
  | "blobGasUsed"
  | "excessBlobGas"
  | "parentBeaconBlockRoot"
  | "requestsHash";

/** A header: what an upgrade appended is absent before it. */
export type EthereumHeader = Omit<BlockHeader, Appended> & Partial<Pick<BlockHeader, Appended>>;

/** Coins that come from the beacon chain (EIP-4895). */
export type Withdrawal = {
  readonly index: bigint;
  readonly validatorIndex: bigint;
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** Gwei. */
  readonly amount: bigint;
};

export type EthereumBlock = Omit<Block, "header" | "height"> & {
  readonly header: EthereumHeader;
  /** Absent where there are none. */
  readonly uncles?: readonly EthereumHeader[];
  readonly withdrawals?: readonly Withdrawal[];
};

export type EthereumTransaction = Omit<Transaction, "type" | "chainId"> & {
  readonly type: TransactionType | 3;
  /** undefined for a legacy transaction from before EIP-155. */
  readonly chainId: bigint | undefined;
  /** Of type 3 alone (EIP-4844). */
  readonly blobs?: { readonly hashes: readonly Uint8Array[]; readonly maxFeePerGas: bigint };
};

export type EthereumReceipt = Omit<Receipt, "type"> & {
  readonly type: TransactionType | 3;
  /** State after the transaction, in place of the status before Byzantium. */
  readonly stateRoot?: Uint8Array;
  /** Of type 3 alone. Price in wei. */
  readonly blobGas?: { readonly used: bigint; readonly price: bigint };
};
