import { uint } from "@tributary/protocol/bytes/bytes";
import { fromKey } from "../store/key.ts";

// "m" ‖ name -> what the chain is; "u" ‖ u8 bucket -> accumulator. Blocks: block-store.ts; state: state/flat-key.ts.

/** u64 number of the newest certified block. */
export const HEAD_KEY: Uint8Array = fromKey("mhead");
/** Hash of block 0. Written last: a store without it holds no chain. */
export const GENESIS_KEY: Uint8Array = fromKey("mgenesis");
const BUCKET = "u";

/** The 2048 bytes of a bucket's accumulator; absent for a bucket that was never touched. */
export function bucketKey(bucket: number): Uint8Array {
  return Buffer.concat([fromKey(BUCKET), uint(bucket, 1)]);
}
