import type { HexHash } from "../consensus/types.ts";

/** READY of one seat as its node shows it to the others: anybody can check it, so it needs no transport security. */
export type ReadyEntry = {
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  readonly seat: number;
  /** The digest that both signatures are over. */
  readonly digest: HexHash;
  /** By the node's registered BLS key, 96 bytes. */
  readonly registered: Uint8Array;
  /** By the seat's new key share, 96 bytes. */
  readonly share: Uint8Array;
};

/**
 * Where the members of a key generation show each other their READY signatures before one of them submits the aggregate.
 * A member publishes on its own node (`GET <rpc>/keygen/<chainId>`), the submitter reads from the others.
 */
export interface ReadyBoard {
  /** Shows the own entry from now on; replaces an older one of the same chain. */
  publish(chainId: bigint, entry: ReadyEntry): void;
  withdraw(chainId: bigint): void;
  /** What the node behind `rpc` shows for the chain; undefined when it shows nothing or is away. Unverified. */
  read(rpc: string, chainId: bigint, signal: AbortSignal): Promise<ReadyEntry | undefined>;
}
