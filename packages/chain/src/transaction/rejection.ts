/** Why a transaction was not taken. Callers branch on the code; the message is geth's wording for clients. */
export type RejectionCode =
  | "malformed"
  | "type-not-supported"
  | "oversized"
  | "not-replay-protected"
  | "wrong-chain"
  | "invalid-sender"
  | "empty-authorizations"
  | "nonce-too-low"
  | "nonce-too-high"
  | "nonce-max"
  | "already-known"
  | "underpriced-replacement"
  | "insufficient-funds"
  | "intrinsic-gas"
  | "floor-gas"
  | "block-gas-limit"
  | "transaction-gas-limit"
  | "initcode-size"
  | "tip-above-fee-cap"
  | "fee-cap-too-high"
  /** Below the base fee, or the price that the owner set. */
  | "fee-cap-too-low"
  | "sender-not-eoa"
  | "account-limit"
  | "delegated-in-flight"
  | "pool-full"
  | "no-room-without-work"
  | "proof-of-work"
  | "forbidden"
  | "closed";

export type Rejection = { readonly code: RejectionCode; readonly message: string };
