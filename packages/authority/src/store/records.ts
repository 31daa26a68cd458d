import type { Address, Hex } from "viem";

/** `idle`: retired from the rotation, may come back. */
export type SignerState = "active" | "idle";

export type SignerRecord = {
  readonly address: Address;
  readonly role: "worker" | "funder";
  readonly state: SignerState;
  /** The lowest nonce that no slot has taken. */
  readonly nextNonce: number;
  /** Wei promised in one window of the spending limit. */
  readonly spending: { readonly window: number; readonly wei: bigint };
};

/**
 * `job` carries the job's call; `cancel` is a transfer of nothing to itself that takes the nonce of a job that is not
 * wanted any more, or of nobody.
 */
export type AttemptKind = "job" | "cancel";

/** One signed transaction. All attempts of a slot have its nonce, so that at most one of them can be mined. */
export type Attempt = {
  readonly hash: Hex;
  readonly kind: AttemptKind;
  readonly raw: Hex;
  /** Wei a gas; both are the gas price for a legacy transaction. */
  readonly maxFee: bigint;
  readonly tip: bigint;
  readonly createdAt: number;
};

/** What spent a slot's nonce: one of its attempts, or a transaction that the pool did not sign. */
export type Settlement = { readonly hash: Hex; readonly blockNumber: number; readonly blockHash: Hex };

/** One nonce of one signer. */
export type SlotRecord = {
  readonly signer: Address;
  readonly nonce: number;
  readonly jobId: string | undefined;
  /** The newest block that was known when the first attempt was signed: none of them is in an older one. */
  readonly sinceBlock: number;
  readonly settled: Settlement | undefined;
  readonly attempts: readonly Attempt[];
};
