import type { Address, Hex } from "viem";

export type SignatureParts = { readonly r: Hex; readonly s: Hex; readonly yParity: 0 | 1 };

/** A key, wherever it lies: in this process, or behind a key management service. */
export interface Signer {
  readonly address: Address;
  /** Signs 32 bytes; low s. The same digest may give another signature each time. */
  sign(digest: Uint8Array): SignatureParts | Promise<SignatureParts>;
}
