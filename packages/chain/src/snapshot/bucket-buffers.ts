import { BUCKETS } from "../state/bucket-set.ts";
import { MAX_ENTRY_BYTES, putEntry } from "./bucket-bytes.ts";

/** Bytes of a bucket that are gathered; those of all together are 16 MiB. */
const ROOM = 65_536;
const NOTHING = new Uint8Array(0);

/** Gathers the entries of all buckets, each bucket's one after the other in the form in which it travels. */
export class BucketBuffers {
  readonly #bytes = new Map<number, Uint8Array>();
  readonly #used = new Uint32Array(BUCKETS);

  /** True when the bucket has to be taken before its next entry. */
  add(bucket: number, key: Uint8Array, value: Uint8Array): boolean {
    let bytes = this.#bytes.get(bucket);
    if (bytes === undefined) {
      bytes = new Uint8Array(ROOM);
      this.#bytes.set(bucket, bytes);
    }
    const before = this.#used[bucket] ?? 0;
    const used = before + putEntry(bytes, before, key, value);
    this.#used[bucket] = used;
    return used + MAX_ENTRY_BYTES > ROOM;
  }

  /** What was gathered of a bucket; holds until its next entry. */
  take(bucket: number): Uint8Array {
    const used = this.#used[bucket] ?? 0;
    this.#used[bucket] = 0;
    return this.#bytes.get(bucket)?.subarray(0, used) ?? NOTHING;
  }
}
