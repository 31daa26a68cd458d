import type { EthereumTransaction } from "../block/ethereum.ts";
import type { Log } from "../block/receipt.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { AccessListItem, Authorization } from "../transaction/transaction.ts";

/** A call that is not signed. Omitted: sender zero address, gas = the call limit, value 0, no data. */
export type CallRequest = {
  readonly from?: Uint8Array;
  /** undefined creates a contract. */
  readonly to?: Uint8Array;
  readonly gas?: bigint;
  readonly value?: bigint;
  readonly data?: Uint8Array;
  readonly accessList?: readonly AccessListItem[];
  readonly authorizations?: readonly Authorization[];
  /** Most that a gas may cost, wei; 0 pays nothing. On a rented chain GASPRICE shows what its owner asks for of that. */
  readonly gasPrice?: bigint;
  /** Where it is offered apart from the price (EIP-1559). */
  readonly maxPriorityFeePerGas?: bigint;
  /** Of a transaction with blobs: only an Ethereum of others takes them. */
  readonly blobs?: EthereumTransaction["blobs"] & {};
};

/** Fields of an account that a call pretends to be different (eth_call's third parameter). */
export type StateOverride = {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly balance?: bigint;
  readonly nonce?: bigint;
  readonly code?: Uint8Array;
  /** Slots that differ from the state (32-byte key, value). */
  readonly storage?: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
  /** Where a precompile that is at the address shall run instead: 20 bytes. */
  readonly movesPrecompileTo?: Uint8Array;
  /** Whether all other slots are 0. */
  readonly clearsStorage?: boolean;
};

/** Fields of a block that a call pretends to be different (eth_call's fourth parameter). */
export type BlockOverride = {
  readonly number?: number;
  /** Seconds. */
  readonly timestamp?: number;
  readonly gasLimit?: number;
  /** 20 bytes. */
  readonly coinbase?: Uint8Array;
  readonly prevRandao?: Uint8Array;
  /** What BASEFEE and BLOBBASEFEE show, wei; what a rented chain charges is its owner's affair. */
  readonly baseFee?: bigint;
  readonly blobBaseFee?: bigint;
};

export type CallResult =
  | { readonly kind: "success"; readonly gasUsed: bigint; readonly data: Uint8Array; readonly logs: readonly Log[] }
  /** REVERT: `data` is what the contract gave. */
  | { readonly kind: "revert"; readonly gasUsed: bigint; readonly data: Uint8Array }
  /** Out of gas, invalid opcode and the like. `message` in geth's words. */
  | { readonly kind: "halt"; readonly gasUsed: bigint; readonly message: string }
  /** Not executable at all: funds, intrinsic gas. */
  | { readonly kind: "invalid"; readonly rejection: Rejection };
