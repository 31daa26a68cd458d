import type { Fork } from "@tributary/evm/types";
import type { EthereumBlock, Withdrawal } from "../block/ethereum.ts";

/** Rules of execution that hold from a time on (EIP-7910). */
export type ActiveRules = {
  /** Seconds. */
  readonly activationTime: number;
  /** undefined where this version does not know the rules. */
  readonly fork: Fork | undefined;
  readonly blobSchedule: {
    readonly target: number;
    readonly max: number;
    readonly baseFeeUpdateFraction: number;
  };
  /** EIP-2124, 4 bytes. */
  readonly forkId: Uint8Array;
  /** Addresses by EIP-7910's names. */
  readonly systemContracts: Readonly<Record<string, Uint8Array>>;
};

/** The rules at the head, the ones that come after them, and the last ones that are planned. */
export type RuleSchedule = {
  readonly current: ActiveRules;
  readonly next: ActiveRules | undefined;
  readonly last: ActiveRules | undefined;
};

/** A path through a Merkle-Patricia trie to an account or slot, nodes from the root on (EIP-1186). */
export type AccountProof = {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly codeHash: Uint8Array;
  readonly storageHash: Uint8Array;
  readonly nodes: readonly Uint8Array[];
  readonly slots: readonly { readonly value: bigint; readonly nodes: readonly Uint8Array[] }[];
};

/** A block that somebody wants to see built (the engine API's PayloadAttributesV3, and the transactions). */
export type BuildRequest = {
  readonly parentHash: Uint8Array;
  /** Seconds. */
  readonly timestamp: number;
  readonly prevRandao: Uint8Array;
  readonly feeRecipient: Uint8Array;
  readonly parentBeaconBlockRoot: Uint8Array;
  readonly withdrawals: readonly Withdrawal[];
  /** Wire forms; absent: what the pool has. */
  readonly transactions?: readonly Uint8Array[];
  readonly extraData: Uint8Array;
};

export type BuiltBlock =
  | {
      readonly kind: "built";
      readonly block: EthereumBlock;
      /** Wei that the fee recipient gets. */
      readonly value: bigint;
      /** EIP-7685, each with its type before it. */
      readonly requests: readonly Uint8Array[];
    }
  | { readonly kind: "refused"; readonly reason: string };

/** What gas cost in a block, wei; 0 before there was such a fee. */
export type BlockFees = {
  readonly baseFee: bigint;
  readonly blobBaseFee: bigint;
  /** Of the blobs that a block may have. */
  readonly blobGasUsedRatio: number;
};

/** What only an Ethereum of others has: fees, tries. A rented chain has none of it. */
export interface EthereumView {
  /** Wei a gas in the block after the head. */
  readonly nextBaseFee: bigint;
  /** Wei a blob gas in the block after the head. */
  readonly nextBlobBaseFee: bigint;
  /** Of a block that there is. */
  fees(block: number): BlockFees;
  /** Wei a gas beside the base fee that gets a transaction into a block. */
  readonly suggestedTip: bigint;
  /** A block that is shown and not kept. */
  build(request: BuildRequest): Promise<BuiltBlock>;
  /** Throws ChainError as reading state does. */
  proof(address: Uint8Array, slots: readonly Uint8Array[], block: number): Promise<AccountProof>;
}
