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

/** A member's keys for one epoch. */
export type SeatKeys = {
  readonly signer: Signer;
  /** As the member's driver sees it: closed also while a record that the vault keeps is. */
  readonly journal: SlotJournal;
  /** Nothing calls back after that. Idempotent. */
  close(): void;
};

/** Where members have their keys: in this process or in another one. */
export interface MemberVault {
  /** Counts a start of the member, in its journal and with the keys; see `beginSession`. */
  seat(request: SeatRequest): Promise<SeatKeys>;
  /** As in `ResharingVault`. */
  eraseShares(slot: KeySlot, seat: number): Promise<void>;
}
