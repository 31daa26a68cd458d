// What the consensus driver needs of the world. Every port has a real implementation in this package (or in `chain`)
// and a simulated one in `testkit`. Ports are synchronous or take a callback, never a promise: the simulator must be
// able to decide the order of everything. A callback may be called before the call returns.

import type { Checkpoint, HexHash, Seat } from "@tributary/protocol/consensus/types";
import type { ForkSchedule } from "@tributary/protocol/container/fork-schedule";
import type { Offence } from "@tributary/protocol/evidence/evidence";
import type { Signed, Statement } from "./statement.ts";
import type { TermName } from "./term-name.ts";

export type {
  BodyRules,
  BodyVerdict,
  CertifiedHeader,
  ExecutionResult,
  Executor,
  Hex,
  OrderedContainer,
  PoolEntry,
  TransactionPool,
} from "@tributary/protocol/ports/execution";

/** Streams of one connection, served in this order, so that an 8 MB body does not hold a vote back. */
export type Channel = "votes" | "shares" | "bodies" | "snapshots";

/** Links to the other members of one group. Sending is best effort; REPEAT makes delivery reliable. */
export interface Mesh {
  /** Queues one message; drops it when the peer is away or its queue (bounded in bytes) is full. */
  send(to: Seat, channel: Channel, message: Uint8Array): void;
  /** Milliseconds that a message takes to there, the least of late; 0 where nobody measured. Only speed may depend on it. */
  distance?(to: Seat): number;
}

export interface Clock {
  /** Milliseconds on a scale that goes on evenly: for durations. */
  now(): number;
  /** Milliseconds since 1970, whole, by the machine's clock: it may be wrong, and jump either way. */
  time(): number;
  /** Calls back once after `milliseconds`; the returned function cancels. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The append-only, checksummed log of accepted inputs; group commit. It is kept in segments. */
export interface InputLog {
  append(record: Uint8Array): void;
  /** Calls back when everything appended so far (also to older segments) is durable. */
  flush(done: () => void): void;
  /** Records of all kept segments that survived, oldest first; a torn last record is dropped. Only before the first append. */
  replay(): Iterable<Uint8Array>;
  /** Starts a new segment whose first record is `base`. Older segments stay until `prune`. */
  rotate(base: Uint8Array): void;
  /** Deletes all segments but the newest one, once the newest one is durable. */
  prune(): void;
  /** Bytes in the newest segment, and how many segments there are: the driver decides by them when to rotate. */
  readonly bytes: number;
  readonly segments: number;
}

/**
 * The key vault's record of binding outputs. A slot gets one value, ever; a second is refused whatever the code version
 * says. The lock is durable before `flush` of the same vault calls back.
 */
export interface SlotJournal {
  /**
   * True when the slot is free or holds this very value. Slots are named `<era>.<epoch>.<height>.<what>`, or
   * `<era>.<height>.final`: the journal reads the height, because it stays bounded by closing heights far below the
   * newest, whose slots are refused from then on.
   */
  lock(slot: string, value: HexHash): boolean;
  /** Whether every slot of the height is refused. */
  closed(height: number): boolean;
  /** What this member bound before is lost: all heights are closed until `remember`. consensus.md 11, amnesia. */
  readonly silent: boolean;
  /** Ends the silence: heights up to `height` stay closed for ever. */
  remember(height: number): void;
  flush(done: () => void): void;
}

/**
 * This member's keys. A callback, so that the keys may live in another process: it may come late, and never where they
 * are away or refuse.
 */
export interface Signer {
  sign(statement: Statement, done: (signed: Signed) => void): void;
  /** Whether the keys are at hand; always where it does not say. */
  readonly ready?: () => boolean;
}

export type Share = { readonly seat: Seat; readonly share: Uint8Array };

/** Checks what others signed, in batches; every point is checked on entry. Bounded; settles every call. */
export interface Verifier {
  /** A node signature of the member in `seat`. */
  node(seat: Seat, digest: Uint8Array, signature: Uint8Array, done: (ok: boolean) => void): void;
  /** A combined signature under the group key of the epoch. */
  certificate(digest: Uint8Array, signature: Uint8Array, done: (ok: boolean) => void): void;
  /**
   * Combines q shares and checks the result; on failure names the members whose shares are bad. consensus.md 10:
   * combine first, check singly only after a failure, and check a known offender's shares singly from then on.
   */
  combine(
    digest: Uint8Array,
    shares: readonly Share[],
    done: (result: { readonly signature: Uint8Array } | { readonly faulty: readonly Seat[] }) => void,
  ): void;
}

export type ReadyEpoch = TermName & { readonly block: number };

/**
 * What the mainchain says of an era. open: no Recovery of it is known. silent: it was not heard for so long that there
 * may be one. opening: the last one. cancelled: all that were, and none is open. unknown: it was not heard yet, or nobody asks it here.
 */
export type EraStanding =
  | "unknown"
  | "open"
  | "silent"
  | { readonly opening: HexHash }
  | { readonly cancelled: readonly HexHash[] };

/** Newest finalised checkpoints of the mainchain that this node has seen itself; ascending, at most 4. */
export interface MainchainView {
  checkpoints(): readonly Checkpoint[];
  /** unknown: not finalised here yet, wait with execution. conflict: this node's finalised block differs, stop. */
  check(checkpoint: Checkpoint): "known" | "unknown" | "conflict";
  /**
   * Epochs of an era, and of those after it that begin by schedule, whose READY is on the mainchain, ascending, with the
   * blocks that hold it. Known before `check` says "known" of that block or a later one.
   */
  readyEpochs(group: HexHash, era: number): readonly ReadyEpoch[];
  /** `age`: milliseconds since the newest container was made; 0 where there is none. */
  standing(group: HexHash, era: number, age: number): EraStanding;
  /** What the mainchain says of the chain's rules of execution. */
  forks(group: HexHash): ForkSchedule;
}

/** Durable blobs of consensus by height, for serving and for restart. One store a member. Bodies of undecided proposals are in the input log. */
export interface ContainerStore {
  /** Encoded ORDER and CONTAINER messages. Writes are atomic and ordered per call, and visible to reads at once. */
  putOrder(height: number, order: Uint8Array): void;
  order(height: number): Uint8Array | undefined;
  putContainer(height: number, container: Uint8Array): void;
  container(height: number): Uint8Array | undefined;
  /** Bodies that an era left to the next one: of ordered heights that it did not make final. */
  putBody(height: number, digest: HexHash, body: Uint8Array): void;
  body(height: number, digest: HexHash): Uint8Array | undefined;
  /** Highest height with an ORDER, and with a CONTAINER; 0 for none. */
  readonly highestOrder: number;
  readonly highestContainer: number;
  /** Whether such an offence is neither kept nor beyond what is kept. */
  wantsEvidence(offence: Offence): boolean;
  /** Keeps proof of an offence for submission, one of a kind for each member and height; bounded. consensus.md 12. */
  putEvidence(offence: Offence, evidence: Uint8Array): void;
  /** Calls back when all writes so far are durable. */
  flush(done: () => void): void;
}
