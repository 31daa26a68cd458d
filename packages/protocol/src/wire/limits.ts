import { MAX_MEMBERS, quorum } from "../quorum.ts";

/**
 * What the sizes of a chain's messages follow from. What an epoch keeps to itself is bounded by its own committee; orders,
 * containers, bodies and STATUS, which nodes of other epochs read too, by any that a chain may have.
 */
export type Limits = {
  /** N of the epoch. */
  readonly members: number;
  /** B: bytes of proposal bodies in one container, a chain parameter. */
  readonly containerBytes: number;
};

/** Records in one VOTE; a step of the core makes at most three kinds for each of the rounds in work. */
export const MAX_VOTE_RECORDS = 256;
/** Heights in one GET_CONTAINER. */
export const MAX_CONTAINER_RANGE = 256;
/** Transactions in one FORWARD. */
export const MAX_FORWARDED = 4096;

/** Largest evidence: two VOTEs of so many records; `evidence/codec.ts` counts it up. It is calldata of a contract. */
export const MAX_EVIDENCE_BYTES = 9_919;

/** ceil(B/q): bytes of one proposal's body. q accepted bodies then fill a container. */
export function maxBodyBytes(limits: Limits): number {
  return Math.ceil(limits.containerBytes / quorum(limits.members));
}

/** Bytes of a proposal's body in any epoch: ceil(B/q) where N = 1. */
export function maxForeignBodyBytes(limits: Limits): number {
  return limits.containerBytes;
}

/**
 * Bytes of an encoded container body of any epoch. All N proposals may be accepted, each with a full body; a transaction's
 * framing there (5 bytes) is at most one more than in the proposal's body (4 bytes), so doubling covers it at any length.
 * N / q is below 3/2.
 */
export function maxContainerBodyBytes(limits: Limits): number {
  return 2 + MAX_MEMBERS * 34 + 4 + 3 * limits.containerBytes + 2 * MAX_MEMBERS;
}

/** Bytes of transactions in one FORWARD of this epoch: one that is larger fits no proposal. */
export function maxForwardBytes(limits: Limits): number {
  return maxBodyBytes(limits);
}
