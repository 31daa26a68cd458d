// The vocabulary of the agreement core: what goes into `Consensus.step` and what comes out. Everything here is plain
// data. Whatever enters was verified by the driver (signatures, certificates, sizes); the core owns the protocol rules.

/** Seat of a member in its committee, 0..N-1. */
export type Seat = number;
/** Height of a container; the first one of a chain is 1. */
export type Height = number;
/** 0x-prefixed lower-case hex of 32 bytes: hashes are compared and used as keys inside the core, so they are strings there. */
export type HexHash = `0x${string}`;

/** A finalised mainchain block as a proposer saw it. */
export type Checkpoint = { readonly number: number; readonly hash: HexHash };

/** Proposal header P; p = digest("proposal", P). consensus.md 4. */
export type ProposalHeader = {
  readonly version: number;
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  readonly height: Height;
  readonly seat: Seat;
  /** D(max(h-2, S-1)): a cross-check that proposer and receiver stand on the same history. */
  readonly anchor: HexHash;
  /** Milliseconds since 1970 by the proposer's clock. */
  readonly time: number;
  /** Up to 4 newest, ascending by number. */
  readonly checkpoints: readonly Checkpoint[];
  readonly bodyHash: HexHash;
  readonly bodyBytes: number;
  readonly txCount: number;
  /** Sum of the gas limits of the body's transactions. */
  readonly gas: number;
};

/** A proposal header with its digest p. */
export type Proposal = { readonly header: ProposalHeader; readonly digest: HexHash };

/** One accepted seat of a decided height. */
export type Accepted = { readonly seat: Seat; readonly proposal: Proposal };

export type VoteKind = "est" | "aux" | "conf" | "done";

/**
 * Votes of one member for many seats at once. The bit of seat j is set in `zeros`, in `ones`, or in both
 * (EST: both values; CONF: the set {0,1}). Bit 0 is seat 0. `round` is 0 for DONE.
 */
export type VoteRecord = {
  readonly kind: VoteKind;
  readonly round: number;
  readonly zeros: bigint;
  readonly ones: bigint;
};

/** ORDER(h) as plain data: proves D(h), names D(h-1), lists the accepted headers by ascending seat. */
export type Order = {
  readonly height: Height;
  /** D(h). */
  readonly digest: HexHash;
  /** D(h-1). */
  readonly previous: HexHash;
  readonly accepted: readonly Accepted[];
};

/** Why a timer was set. `height` names the height that it was set for, or 0. */
export type Timer = {
  /**
   * heartbeat: 10 s since the last decision here; spacing: the least time between two own proposals; ones: hold own
   * ones back to fill bitmaps; zeros: grace before inputting 0; resync: nothing moved for a second.
   */
  readonly kind: "heartbeat" | "spacing" | "ones" | "zeros" | "resync";
  readonly height: Height;
};

/** What the driver tells the core. Each is appended to the input log before its effects are released. */
export type Input =
  /** Own eligible transactions exist (true) or no longer do (false). */
  | { readonly kind: "work"; readonly pending: boolean }
  /** The answer to `build`: the body is stored, the header is final. */
  | { readonly kind: "built"; readonly proposal: Proposal }
  /** A context-free valid, correctly signed proposal with its body. The anchor was not checked. */
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  /** A verified availability certificate (own or another's), with its header. */
  | { readonly kind: "certificate"; readonly proposal: Proposal }
  | { readonly kind: "vote"; readonly height: Height; readonly from: Seat; readonly records: readonly VoteRecord[] }
  /** coin(i, r) from q combined shares: 0 or 1. */
  | { readonly kind: "coin"; readonly height: Height; readonly seat: Seat; readonly round: number; readonly bit: 0 | 1 }
  /** A verified ORDER: combined here or received. */
  | { readonly kind: "order"; readonly order: Order }
  /** This member executed the container: its header hash. */
  | { readonly kind: "executed"; readonly height: Height; readonly hash: HexHash }
  /** A verified F(h) over the header hash: combined here or received. */
  | { readonly kind: "final"; readonly height: Height; readonly hash: HexHash }
  | { readonly kind: "timer"; readonly timer: Timer }
  /** S of the next epoch: nothing at or above it belongs to this one. consensus.md 14. */
  | { readonly kind: "border"; readonly first: Height };

/** What the core asks of the driver, in order. */
export type Effect =
  /** Build the own proposal for `height` (empty when `empty`), store it durably, answer with `built`. */
  | { readonly kind: "build"; readonly height: Height; readonly anchor: HexHash; readonly empty: boolean }
  /** Send PROPOSAL to all. Comes once, after `built`. */
  | { readonly kind: "propose"; readonly proposal: Proposal }
  /** Acknowledge the proposal to its proposer with a share over digest("available", p). */
  | { readonly kind: "acknowledge"; readonly proposal: Proposal }
  /** Broadcast the records in one VOTE; the core counts its own votes itself. */
  | { readonly kind: "vote"; readonly height: Height; readonly records: readonly VoteRecord[] }
  /** Release the own share of coin(i, r) and collect q of them; answer with `coin`. */
  | { readonly kind: "coin"; readonly height: Height; readonly seat: Seat; readonly round: number }
  /** Pull CERT of the seat at `height` from the members in the bitmap. */
  | { readonly kind: "fetch"; readonly height: Height; readonly seat: Seat; readonly from: bigint }
  /** All instances decided and every accepted header held: send DECIDE over D(h), collect O(h). */
  | { readonly kind: "decide"; readonly order: Order }
  /** ORDER(h) is held: execute after h-1, drop the height's agreement state. Ascending heights, but may jump. */
  | { readonly kind: "ordered"; readonly order: Order; readonly jumped: boolean }
  /** Lock (certificate era, h) -> hash, send FINAL, collect F(h). */
  | { readonly kind: "sign-final"; readonly height: Height; readonly hash: HexHash }
  /** F(h) is held and equals the own execution (or the own execution is still to come). */
  | { readonly kind: "final"; readonly height: Height; readonly hash: HexHash }
  /** F(h) is over another hash than the own execution gave: stop executing and signing FINAL; keep ordering. */
  | { readonly kind: "diverged"; readonly height: Height; readonly own: HexHash; readonly certified: HexHash }
  | { readonly kind: "set-timer"; readonly timer: Timer; readonly milliseconds: number }
  /** Two contradicting envelopes of one member for one slot; the driver keeps both. consensus.md 12. */
  | {
      readonly kind: "evidence";
      readonly fault: "proposal" | "aux" | "conf" | "done";
      readonly height: Height;
      readonly from: Seat;
    };

/** What a core starts from: genesis, or the newest height whose ORDER and F are on disk. */
export type Base = {
  readonly members: number;
  readonly seat: Seat;
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  /** S: the first height of the epoch. */
  readonly firstHeight: Height;
  /** c: highest height whose ORDER is held; S-1 at the epoch's start. */
  readonly ordered: Height;
  /** D(c) and D(c-1); for c = S-1 both are the epoch's anchor. */
  readonly orderDigest: HexHash;
  readonly previousDigest: HexHash;
  /** Seats decided 1 at c: the first public coin of each instance of c+1; all ones at an epoch's first height. */
  readonly accepted: bigint;
  /** Highest height whose F is held. */
  readonly final: Height;
};
