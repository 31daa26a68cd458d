import { crc32 } from "node:zlib";
import { equal } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { bucketKey } from "../ledger/ledger-key.ts";
import { codeHashIn } from "../state/account.ts";
import { BUCKETS, BucketSet, bucketOf } from "../state/bucket-set.ts";
import { ACCOUNT_PREFIX, CODE_PREFIX, codeKey, STORAGE_PREFIX } from "../state/flat-key.ts";
import { toKey } from "../store/key.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { BucketBuffers } from "./bucket-buffers.ts";

/**
 * Whether the store holds exactly the state of this root, given that each bucket was verified when it entered: `sums` has
 * the CRC-32 of each bucket's bytes, taken when they were verified. The accumulators must give the root, the entries the
 * sums, and each code that an account names must be there and have its hash. What this finds is a disk or memory that is
 * faulty, against which a sum is enough; it costs a fifth of computing the accumulators again. One pass, 16 MiB.
 */
export async function holdsVerified(store: KeyValueStore, root: Uint8Array, sums: readonly number[]): Promise<boolean> {
  if (!equal(BucketSet.of((bucket) => store.get(bucketKey(bucket))).root, root)) return false;
  const named = new Set<string>();
  const found = new Array<number>(BUCKETS).fill(0);
  const buffers = new BucketBuffers();
  const sum = (bucket: number): void => {
    found[bucket] = crc32(buffers.take(bucket), found[bucket]);
  };
  for (const prefix of [ACCOUNT_PREFIX, STORAGE_PREFIX]) {
    for await (const [key, value] of store.range(...rangeOf(prefix))) {
      const bucket = bucketOf(key);
      if (buffers.add(bucket, key, value)) sum(bucket);
      const code = prefix === ACCOUNT_PREFIX ? codeHashIn(value) : undefined;
      if (code !== undefined) named.add(codeKey(code));
    }
  }
  for (let bucket = 0; bucket < BUCKETS; bucket++) sum(bucket);
  for await (const [key, code] of store.range(...rangeOf(CODE_PREFIX))) {
    if (equal(keccak256(code), key.subarray(1))) named.delete(toKey(key));
  }
  return named.size === 0 && found.every((one, bucket) => one === sums[bucket]);
}

function rangeOf(prefix: string): readonly [Uint8Array, Uint8Array] {
  const code = prefix.charCodeAt(0);
  return [Uint8Array.of(code), Uint8Array.of(code + 1)];
}
