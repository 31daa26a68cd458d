import type { KeySlot } from "@tributary/protocol/ports/key-vault";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import type { Logger } from "pino";
import type { Signer, SlotJournal } from "../consensus/ports.ts";
import type { Guard } from "../host/guarded-ports.ts";
import type { FileSlotJournal } from "./slot-journal.ts";

export type SeatRequest = {
  readonly spec: Pick<MemberSpec, "group" | "era" | "epoch" | "seat" | "members" | "shareKeys">;
  /** The node's own record of what the member bound. */
  readonly journal: FileSlotJournal;
  /** Highest height that the member has served. */
  readonly served: number;
  readonly guard: Guard;
  readonly logger: Pick<Logger, "warn" | "error" | "info">;
};

/** `silent`: a record of what was signed is lost or old, and this member says nothing until q others prove where they are. */
export type SeatState = "away" | "signing" | "silent" | "refused";

/** A member's keys for one epoch. */
export type SeatKeys = {
  readonly signer: Signer;
  /** As the member's driver sees it: closed also while a record that the vault keeps is. */
  readonly journal: SlotJournal;
  readonly state: SeatState;
  /** Nothing calls back after that. Idempotent. */
  close(): void;
};

/** The era after the one that ends: its first height and its group key, compressed. */
export type NextEra = { readonly firstHeight: number; readonly groupKey: Uint8Array };

/** Where members have their keys: in this process or in another one. */
export interface MemberVault {
  /** Counts a start of the member, in its journal and with the keys; see `beginSession`. */
  seat(request: SeatRequest): Promise<SeatKeys>;
  /**
   * With the share of an epoch that ends its era: a share of the old key's signature over the next era's. `vault-share`
   * where the share is gone; `vault-refused` where these keys hold no share of that next key.
   */
  signHandover(slot: KeySlot, seat: number, next: NextEra): Promise<Uint8Array>;
  /**
   * Erases the shares and encryption keys of all epochs of the group before this one, for ever, also of those that never
   * came about: what was dealt for them is public, and of the same key. Only when the height before the epoch's first one
   * is final. False where the node stops before it is done. consensus.md 14.
   */
  eraseOlder(slot: KeySlot): Promise<boolean>;
}
