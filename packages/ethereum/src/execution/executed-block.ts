import type { EthereumReceipt } from "@tributary/chain/block/ethereum";
import type { StateChanges } from "../state/state-changes.ts";

/** What executing a block came to. */
export type ExecutedBlock = {
  readonly receipts: readonly EthereumReceipt[];
  readonly changes: StateChanges;
  /** Of EIP-7685; undefined before Prague. */
  readonly requests: { readonly list: readonly Uint8Array[]; readonly hash: Uint8Array } | undefined;
};
