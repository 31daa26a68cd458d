import { uint } from "@tributary/protocol/bytes/bytes";
import { fromKey } from "../store/key.ts";

// "m" ‖ name -> what the chain is; "u" ‖ u8 bucket -> accumulator, "v": stored-buckets.ts. Blocks: block-store.ts; state: state/flat-key.ts.

/** u64 number of the newest certified block. */
export const HEAD_KEY: Uint8Array = fromKey("mhead");
/** Hash of block 0. Written with the last entry of its state: a store without it holds block 0 alone, or no chain. */
export const GENESIS_KEY: Uint8Array = fromKey("mgenesis");
/** Digest of the parameters that block 0 was computed from: what spares computing it again. Absent where that is not known. */
export const PARAMETERS_KEY: Uint8Array = fromKey("mparameters");
/** u64 number of the lowest block, genesis aside, that is held whole; absent where all are. */
export const EARLIEST_KEY: Uint8Array = fromKey("mearliest");
/** What certifies the block of the snapshot that the store was made of; absent where it was made of genesis. */
export const ORIGIN_KEY: Uint8Array = fromKey("morigin");
/** Where a chain under development departs from its containers (departure.ts); absent where it does not. */
export const DEPARTURE_KEY: Uint8Array = fromKey("mdeparture");
/** Who used what of late, after some block (pool/uses.ts): what spares reading minutes of blocks; absent before it is worth it. */
export const USES_KEY: Uint8Array = fromKey("muses");
export const BUCKET_PREFIX = "u";

/** The 2048 bytes of a bucket's accumulator, after some block (stored-buckets.ts); absent for one that was never touched. */
export function bucketKey(bucket: number): Uint8Array {
  return Buffer.concat([fromKey(BUCKET_PREFIX), uint(bucket, 1)]);
}
