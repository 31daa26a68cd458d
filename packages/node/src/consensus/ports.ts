// What the consensus driver needs of the world. Every port has a real implementation in this package (or in `chain`)
// and a simulated one in `testkit`. Ports are synchronous or take a callback, never a promise: the simulator must be
// able to decide the order of everything. A callback may be called before the call returns.

import type { Checkpoint, HexHash, Order, Proposal, Seat } from "@tributary/protocol/consensus/types";
import type { ContainerHeader, OrderedTransaction, Segment } from "@tributary/protocol/container/header";

/** Streams of one connection, served in this order, so that an 8 MB body does not hold a vote back. */
export type Channel = "votes" | "shares" | "bodies";

/** Links to the other members of one group. Sending is best effort; REPEAT makes delivery reliable. */
export interface Mesh {
  /** Queues one message; drops it when the peer is away or its queue (bounded in bytes) is full. */
  send(to: Seat, channel: Channel, message: Uint8Array): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after `milliseconds`; the returned function cancels. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The append-only, checksummed log of accepted inputs; group commit. */
export interface InputLog {
  append(record: Uint8Array): void;
  /** Calls back when everything appended so far is durable. */
  flush(done: () => void): void;
  /** Records that survived, oldest first; a torn last record is dropped. Only before the first append. */
  replay(): Iterable<Uint8Array>;
  /** Starts a new log whose first record is `base`; the old one may be deleted once the new one is durable. */
  rotate(base: Uint8Array): void;
}

/**
 * The key vault's record of binding outputs. A slot gets one value, ever; a second is refused whatever the code version
 * says. The lock is durable before `flush` of the same vault calls back.
 */
export interface SlotJournal {
  /** True when the slot is free or holds this very value. */
  lock(slot: string, value: HexHash): boolean;
  flush(done: () => void): void;
  /** Locks of heights at or below may be forgotten once an era ends; never earlier. */
}

/** This member's keys. Callbacks, so that the keys may live in another process. */
export interface Signer {
  /** secp256k1 over a 32-byte digest: r ‖ s (low s) ‖ recovery id, 65 bytes. */
  signNode(digest: Uint8Array, done: (signature: Uint8Array) => void): void;
  /** BLS share over a 32-byte digest, 96 bytes. */
  signShare(digest: Uint8Array, done: (share: Uint8Array) => void): void;
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

/** A container whose order is decided, ready to be executed after its predecessor. */
export type OrderedContainer = {
  readonly height: number;
  readonly order: Order;
  readonly beacon: HexHash;
  /** Milliseconds since 1970, by the rule of consensus.md 7. */
  readonly time: number;
  /** Hash of container header h-1. */
  readonly parent: HexHash;
  readonly mainchain: Checkpoint;
  /** Accepted proposals with their encoded bodies, in rank order. */
  readonly bodies: readonly { readonly proposal: Proposal; readonly body: Uint8Array }[];
};

export type ExecutionResult = {
  readonly segments: readonly Segment[];
  /** All transactions of the container in their order, with marks. Goes into bodyRoot. */
  readonly transactions: readonly OrderedTransaction[];
};

/** F(h) with what it signs. */
export type CertifiedHeader = {
  readonly header: ContainerHeader;
  readonly hash: HexHash;
  /** 96 bytes. */
  readonly certificate: Uint8Array;
};

/** Runs containers. State after a certified container is on disk; later ones are layers in memory. */
export interface Executor {
  /** Highest committed height; 0 for genesis. */
  readonly committed: number;
  /** Executes the container after the last executed one. Never fails: what is invalid is marked. */
  execute(container: OrderedContainer, done: (result: ExecutionResult) => void): void;
  /** F(h) is held for the executed height: writes it atomically and makes it visible to readers. Ascending. */
  commit(certified: CertifiedHeader, done: () => void): void;
  /** Drops every executed and uncommitted layer (divergence). */
  rollback(): void;
}

/** Hash of a transaction (keccak of its wire form) or an address, 0x-prefixed lower-case hex. */
export type Hex = `0x${string}`;

export type PoolEntry = {
  readonly hash: Hex;
  readonly sender: Hex;
  readonly raw: Uint8Array;
  /** Heights with at least one transaction since the first honest receiver stored it. */
  readonly age: number;
};

/** The transactions that wait at this member. */
export interface TransactionPool {
  /** Entries that could be executed now (no nonce gap), senders' nonces ascending. Bounded by the pool's limits. */
  executable(): Iterable<PoolEntry>;
  /** Takes a transaction that another member forwarded, keeping the larger age. Invalid ones are dropped. */
  accept(raw: Uint8Array, age: number): void;
  /** A container was committed; with transactions in it, everything that stays grows older by one. */
  committed(transactions: readonly OrderedTransaction[]): void;
  /** Called whenever something executable arrived. */
  onArrival(listener: () => void): void;
}

/** Newest finalised checkpoints of the mainchain that this node has seen itself; ascending, at most 4. */
export interface MainchainView {
  checkpoints(): readonly Checkpoint[];
  /** unknown: not finalised here yet, wait with execution. conflict: this node's finalised block differs, stop. */
  check(checkpoint: Checkpoint): "known" | "unknown" | "conflict";
}

/** Durable blobs of consensus by height, for serving and for restart. One store a member. */
export interface ContainerStore {
  /** Encoded ORDER and CONTAINER messages, and bodies by digest p. Writes are atomic and ordered per call. */
  putOrder(height: number, order: Uint8Array): void;
  order(height: number): Uint8Array | undefined;
  putBody(height: number, digest: HexHash, body: Uint8Array): void;
  body(height: number, digest: HexHash): Uint8Array | undefined;
  putContainer(height: number, container: Uint8Array): void;
  container(height: number): Uint8Array | undefined;
  /** Highest height with an ORDER, and with a CONTAINER; 0 for none. */
  readonly highestOrder: number;
  readonly highestContainer: number;
  /** Bodies of the height that no container holds. */
  dropBodies(height: number, keep: ReadonlySet<HexHash>): void;
  /** Two contradicting envelopes of one member: kept for submission. consensus.md 12. */
  putEvidence(height: number, key: string, first: Uint8Array, second: Uint8Array): void;
  /** Calls back when all writes so far are durable. */
  flush(done: () => void): void;
}
