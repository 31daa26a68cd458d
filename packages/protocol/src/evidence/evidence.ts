// Evidence that a member contradicted itself: plain data. consensus.md 12.

import type { Seat } from "../consensus/types.ts";
import type { SlotName } from "../wire/slot.ts";

/** Position in this list is the kind's byte in the encoding: append only. The contract knows the same list. */
export const EVIDENCE_KINDS = ["proposal", "ack", "decide", "final", "aux", "conf", "done"] as const;

export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** A kind whose proof lies in records of VOTE messages. */
export type VoteFault = "aux" | "conf" | "done";

/**
 * What one envelope said, without slot and seat, which both share. Its bytes and the signature are the envelope's own:
 * - proposal: the header's fields without the seat, 249 bytes
 * - ack, decide, final: the hash (32 bytes) ‖ the share (96 bytes)
 * - aux, conf, done: the records, 19 bytes each, 1 to 256 of them
 */
export type Statement = { readonly content: Uint8Array; readonly signature: Uint8Array };

/**
 * Two contradicting statements of one seat in one slot; slot and seat are written once, so that statements of different
 * slots cannot even be spelled.
 */
export type Evidence = SlotName & {
  /** Whose key signed both. */
  readonly seat: Seat;
} & (
    | { readonly kind: "proposal" | "decide" | "final"; readonly statements: readonly [Statement, Statement] }
    /** For one proposer: acknowledgements of several proposers' proposals are lawful. */
    | { readonly kind: "ack"; readonly proposer: Seat; readonly statements: readonly [Statement, Statement] }
    | {
        readonly kind: VoteFault;
        /** One message that contradicts itself, or two. */
        readonly statements: readonly [Statement] | readonly [Statement, Statement];
        /** Which record contradicts which: by index in the first, and in the last message. */
        readonly records: readonly [number, number];
      }
  );

/** What is proven, once the signatures are by the key of the seat. */
export type Offence = SlotName & { readonly kind: EvidenceKind; readonly seat: Seat };

/**
 * Why evidence proves nothing. The contract answers with the same word for the same bytes.
 * - malformed: not the one encoding of any evidence
 * - other-committee: of another group, era or epoch than the committee that judges
 * - no-such-seat: the committee has no such seat
 * - lawful: an honest member may say both
 * - bad-signature: not by the key of the seat, or not in the one form (low s)
 */
export type EvidenceFault = "malformed" | "other-committee" | "no-such-seat" | "lawful" | "bad-signature";
