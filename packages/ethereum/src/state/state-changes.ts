import type { Account } from "@tributary/evm/types";

/** What one block, or part of one, did to the state. */
export type StateChanges = {
  /** Undefined: deleted, with its storage. */
  readonly accounts: readonly (readonly [address: Uint8Array, account: Account | undefined])[];
  /** Accounts that lost their storage before `storage` was written. */
  readonly cleared: readonly Uint8Array[];
  readonly storage: readonly (readonly [address: Uint8Array, slot: Uint8Array, value: Uint8Array])[];
  readonly codes: readonly (readonly [codeHash: Uint8Array, code: Uint8Array])[];
};
