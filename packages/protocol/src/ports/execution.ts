// What agreement hands to execution and gets back: the seam between the driver (node) and the chain room, declared here
// so that imports point down. Synchronous or by callback, never a promise: the simulator decides the order of
// everything. A callback may be called before the call returns.

import type { Checkpoint, HexHash } from "../consensus/types.ts";
import type { ContainerHeader, OrderedTransaction, Segment } from "../container/header.ts";
import type { Lane } from "../gasless/lanes.ts";

/** What a context-free check of a proposal's body says. consensus.md 4: never nonces, balances or the clock. */
export type BodyVerdict =
  | {
      readonly ok: true;
      readonly txCount: number;
      /** Sum of the gas limits. */
      readonly gas: number;
      /** The largest gas limit of one transaction. */
      readonly largestGas: number;
      /** Hashes of the transactions in their order. */
      readonly hashes: readonly Hex[];
    }
  | { readonly ok: false; readonly reason: string };

/** The chain room's rules for bodies: canonical encoding, right signature, allowed type, none twice. May work in threads. */
export interface BodyRules {
  check(body: Uint8Array, done: (verdict: BodyVerdict) => void): void;
  /** The body that holds these signed transactions; `check` accepts it if each of them is acceptable. */
  encode(transactions: readonly Uint8Array[]): Uint8Array;
}

/** In which a container was ordered, as its header says. */
export type ContainerTerm = Pick<ContainerHeader, "era" | "epoch" | "committee">;

/** A container whose order is decided, ready to be executed after its predecessor. */
export type OrderedContainer = {
  readonly height: number;
  /** Rules in force, which the executor knows. */
  readonly rules: number;
  readonly beacon: HexHash;
  /** Milliseconds since 1970, by the rule of consensus.md 7. */
  readonly time: number;
  /** Hash of container header h-1. */
  readonly parent: HexHash;
  readonly mainchain: Checkpoint;
  readonly term: ContainerTerm;
  /**
   * Encoded bodies of the accepted proposals in rank order; equal transactions count once, at the first place. A member
   * that catches up passes one body with all transactions of the container in their order: the result is the same.
   */
  readonly bodies: readonly { readonly body: Uint8Array }[];
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
  /** Whether it can execute by these rules. */
  knows(rules: number): boolean;
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
  /** Gas limit. */
  readonly gas: number;
  /** Heights with at least one transaction since the first honest receiver stored it. */
  readonly age: number;
  /** What it is entitled to the block's gas by. */
  readonly lane: Lane;
  /** What other members get: the transaction with its proof of work, where it has one. */
  readonly sealed: Uint8Array;
};

/** The transactions that wait at this member. */
export interface TransactionPool {
  /**
   * Entries that could be executed now (no nonce gap), those first that gas is for first; senders' nonces ascending.
   * Bounded by the pool's limits.
   */
  executable(): Iterable<PoolEntry>;
  /** The same entries in any order: much less work. */
  ready(): Iterable<PoolEntry>;
  /**
   * Takes a transaction, sealed or not, that another member forwarded, keeping the larger age. Its hash once it waits
   * here; invalid ones are dropped.
   */
  accept(bytes: Uint8Array, age: number): Hex | undefined;
  /** Whether it waits here, executable or not. */
  has(hash: Hex): boolean;
  /** A container was committed; with transactions in it, everything that stays grows older by one. */
  committed(transactions: readonly OrderedTransaction[]): void;
  /** Called with what arrived and could be executed now, and what could be since. It may hold some that waited before. */
  onArrival(listener: (entries: readonly PoolEntry[]) => void): void;
}
