import type { HexHash } from "../consensus/types.ts";

/** The container header of consensus.md 8; its hash is what F(h) signs. Codec and hash in codec.ts of this room. */
export type ContainerHeader = {
  readonly version: number;
  /** Execution rules in force (fork schedule). */
  readonly rules: number;
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  readonly height: number;
  /** Hash of the epoch's members and share keys. */
  readonly committee: HexHash;
  /** Hash of container header h-1. */
  readonly parent: HexHash;
  /** D(h). */
  readonly order: HexHash;
  /** keccak256(O(h)). */
  readonly beacon: HexHash;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly mainchainNumber: number;
  readonly mainchainHash: HexHash;
  readonly bodyRoot: HexHash;
  readonly segmentsRoot: HexHash;
};

/** One block of one chain inside a container. */
export type Segment = { readonly chainId: bigint; readonly blockNumber: number; readonly blockHash: HexHash };

/** A container's transaction with the mark that execution gave it. */
export type OrderedTransaction = {
  /** Signed transaction as on the wire (EIP-2718). */
  readonly raw: Uint8Array;
  /** executed: in the block; skipped: invalid at its place; left-out: no room or a nonce gap, returned to its pool. */
  readonly mark: "executed" | "skipped" | "left-out";
};
