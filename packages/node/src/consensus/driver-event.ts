import type { HexHash, Seat } from "@tributary/protocol/consensus/types";
import type { MessageKind } from "@tributary/protocol/wire/index";

/** Why a message was dropped. Only the last three speak against its sender. */
export type DropReason = "outside-window" | "duplicate" | "flood" | "malformed" | "invalid" | "bad-signature";

/** What a driver tells about itself: for metrics, logs and tests. */
export type DriverEvent =
  | { readonly kind: "received"; readonly from: Seat; readonly message: MessageKind; readonly bytes: number }
  | {
      readonly kind: "dropped";
      readonly from: Seat;
      readonly message: MessageKind | "unknown";
      readonly reason: DropReason;
    }
  | { readonly kind: "sent"; readonly message: MessageKind; readonly bytes: number; readonly peers: number }
  | {
      readonly kind: "bad-share";
      readonly from: Seat;
      readonly about: "ack" | "coin" | "decide" | "final";
      readonly height: number;
    }
  /** The journal holds another value for the slot: the message is not sent. A fault of this node or of its disk. */
  | { readonly kind: "refused"; readonly slot: string; readonly value: HexHash }
  /** This member had lost what it said before; at heights above this one it speaks again. consensus.md 11. */
  | { readonly kind: "remembered"; readonly height: number }
  | { readonly kind: "proposed"; readonly height: number; readonly transactions: number; readonly bytes: number }
  | {
      readonly kind: "ordered";
      readonly height: number;
      readonly digest: HexHash;
      readonly accepted: number;
      readonly jumped: boolean;
    }
  | { readonly kind: "executed"; readonly height: number; readonly hash: HexHash; readonly transactions: number }
  | {
      readonly kind: "committed";
      readonly height: number;
      readonly hash: HexHash;
      readonly transactions: number;
      readonly fetched: boolean;
    }
  /** A member that is honest claims this height as final, and none before claimed more. */
  | { readonly kind: "claimed"; readonly final: number }
  /** The next epoch is ready, and begins at this height. */
  | { readonly kind: "border"; readonly first: number }
  /** Everything below this height, the first of the epoch that takes over, is final and committed: this one is over. */
  | { readonly kind: "over"; readonly first: number; readonly era: number; readonly epoch: number }
  /**
   * This member signs nothing in its era any more, durably, because of an opening (zeros: silence of the mainchain); or
   * does again.
   */
  | { readonly kind: "frozen"; readonly opening: HexHash | undefined }
  | { readonly kind: "evidence"; readonly fault: string; readonly height: number; readonly from: Seat }
  | {
      readonly kind: "halted";
      readonly reason: HaltReason;
      readonly height: number;
      readonly own: string;
      readonly other: string;
    };

/**
 * Why execution stopped for good. diverged: the certified header differs from the own; mainchain-conflict: the agreed
 * checkpoint is not on this node's mainchain; irreproducible: a restart executed a container to another result;
 * unknown-fork: the chain changed to rules that this version does not know (`own`: the last ones known, `other`: these).
 */
export type HaltReason = "diverged" | "mainchain-conflict" | "irreproducible" | "unknown-fork";

/** Why, where and with which result execution stopped. */
export type Halt = Pick<Extract<DriverEvent, { readonly kind: "halted" }>, "reason" | "height" | "own" | "other">;

export interface Observer {
  event(event: DriverEvent): void;
}
