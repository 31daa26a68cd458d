import { merkleBranch } from "@tributary/protocol/container/merkle";
import type { Manifest } from "../snapshot/manifest.ts";
import type { SnapshotFiles } from "../snapshot/snapshot-files.ts";
import { BUCKETS, bucketOf } from "../state/bucket-set.ts";
import { accountKey, storageKey } from "../state/flat-key.ts";
import { fromKey } from "../store/key.ts";
import type { BucketProof } from "./state-proof.ts";

/** Bytes of buckets in one proof; a bucket of a state of ten million accounts has less than four million. */
export const MAX_PROOF_BYTES: number = 4 * 1024 * 1024;

/** Buckets of an account and of some of its slots (32 bytes each), ascending, each once. */
export function bucketsOf(address: Uint8Array, slots: readonly Uint8Array[]): readonly number[] {
  const keys = [accountKey(address), ...slots.map((slot) => storageKey(address, slot))];
  return [...new Set(keys.map((key) => bucketOf(fromKey(key))))].sort((a, b) => a - b);
}

/** The buckets out of a written snapshot; undefined where they are more than MAX_PROOF_BYTES. */
export function proveBuckets(
  files: Pick<SnapshotFiles, "size" | "read">,
  { digests }: Pick<Manifest, "digests">,
  buckets: readonly number[],
): readonly BucketProof[] | undefined {
  const sizes = buckets.map((bucket) => files.size(bucket));
  if (sizes.reduce((sum, size) => sum + size, 0) > MAX_PROOF_BYTES) return undefined;
  if (digests.length !== BUCKETS) throw new RangeError("a state has a digest for each bucket");
  return buckets.map((bucket, index) => ({
    bucket,
    entries: files.read(bucket, 0, sizes[index] ?? 0),
    siblings: merkleBranch(digests, bucket).siblings,
  }));
}
