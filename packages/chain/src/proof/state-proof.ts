import type { MerkleBranch } from "@tributary/protocol/container/merkle";

/** One bucket of the state with all its entries, and its branch up to the state root. */
export type BucketProof = {
  /** The first byte of the keccak of its keys. */
  readonly bucket: number;
  /** As a bucket travels: by ascending key u8 length ‖ key ‖ u8 length ‖ value. Keys: "a" ‖ address, "s" ‖ address ‖ slot. */
  readonly entries: Uint8Array;
  /** From the keccak256 of the bucket's accumulator. */
  readonly siblings: readonly Uint8Array[];
};

/**
 * What proves entries of the state, and that there are none, to somebody who knows nothing but the chain's group key:
 * certificate -> container header -> block hash -> block header -> state root -> buckets.
 */
export type StateProof = {
  /** The container header's encoding: constant offsets (protocol/container/codec.ts). */
  readonly container: Uint8Array;
  /** Era of the key that certified it. */
  readonly certificateEra: number;
  /** F(h), 96 bytes. */
  readonly certificate: Uint8Array;
  /** From the block up to the container's segmentsRoot. */
  readonly branch: MerkleBranch;
  /** RLP of the block's header. */
  readonly header: Uint8Array;
  /** Ascending. */
  readonly buckets: readonly BucketProof[];
};
