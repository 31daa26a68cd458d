import type { HexHash } from "../consensus/types.ts";
import type { KeySlot } from "./key-vault.ts";

/** The keys of one node, as far as the end of a Recovery goes. */
export interface CancelVault {
  /**
   * The share of the group's signature that cancels an opening of the slot's era (keygen/cancel.ts), 96 bytes, with the
   * epoch's share of this seat. The only thing that a member signs in an era whose Recovery is open. consensus.md 15.
   */
  signCancel(slot: KeySlot, seat: number, openingId: HexHash): Promise<Uint8Array>;
}
