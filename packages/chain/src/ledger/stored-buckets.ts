import { uint } from "@tributary/protocol/bytes/bytes";
import { Reader } from "@tributary/protocol/bytes/reader";
import { ChainError } from "../chain-error.ts";
import { BUCKETS, BucketSet, type Change } from "../state/bucket-set.ts";
import { isCommitted } from "../state/flat-key.ts";
import { fromKey, toKey } from "../store/key.ts";
import type { StoreReader, Write } from "../store/key-value-store.ts";
import { bucketKey } from "./ledger-key.ts";

// The accumulators in the store are those after some block; each block since then has a record of what its entries were
// before it. A block of transfers touches nearly all accumulators, 512 kB of bytes that do not compress, and its record
// is a tenth of that.

/** Blocks and bytes of records, at most; reading 2 MB of them takes some 100 ms. */
const MAX_BLOCKS = 64;
const MAX_BYTES = 2 * 1024 * 1024;

/** "v" ‖ u64 number -> for each entry u8 length ‖ key ‖ u8 length ‖ value before; 0 for an entry that was not there. */
function recordKey(number: number): Uint8Array {
  return Buffer.concat([fromKey("v"), uint(number, 8)]);
}

function encodeRecord(changes: readonly Change[]): Uint8Array {
  let size = 0;
  for (const { key, before } of changes) size += 2 + key.length + (before?.length ?? 0);
  const out = Buffer.alloc(size);
  let at = 0;
  for (const { key, before } of changes) {
    at = out.writeUInt8(key.length, at);
    at += out.write(key, at, "latin1");
    at = out.writeUInt8(before?.length ?? 0, at);
    if (before === undefined) continue;
    out.set(before, at);
    at += before.length;
  }
  return out;
}

/** ChainError `store-damaged`. */
function decodeRecord(bytes: Uint8Array): (readonly [key: string, before: Uint8Array | undefined])[] {
  const reader = new Reader(bytes);
  const out: [string, Uint8Array | undefined][] = [];
  while (reader.ok && reader.remaining > 0) {
    const key = toKey(reader.bytes(reader.u8()));
    const length = reader.u8();
    out.push([key, length === 0 ? undefined : reader.bytes(length)]);
  }
  if (!reader.complete) throw new ChainError("store-damaged", "the record of what a block changed does not decode");
  return out;
}

/** The accumulators after the newest block of a store, and the records that they took. */
function read(store: StoreReader, head: number): { buckets: BucketSet; records: number[]; bytes: number } {
  const stored = BucketSet.of((bucket) => store.get(bucketKey(bucket)));
  const oldest = new Map<string, Uint8Array | undefined>();
  const records: number[] = [];
  let bytes = 0;
  for (let number = head; number > 0; number--) {
    const record = store.get(recordKey(number));
    if (record === undefined) break;
    records.unshift(number);
    bytes += record.length;
    for (const [key, before] of decodeRecord(record)) oldest.set(key, before);
  }
  const changes = [...oldest].map(([key, before]): Change => ({ key, before, after: store.get(fromKey(key)) }));
  return { buckets: stored.apply(changes), records, bytes };
}

/** After the newest block of a store. ChainError `store-damaged`. */
export function bucketsAt(store: StoreReader, head: number): BucketSet {
  return read(store, head).buckets;
}

/** Keeps a store's accumulators up to date, block by block. */
export class StoredBuckets {
  /** Numbers of the blocks with a record, ascending. */
  #records: number[];
  #bytes: number;
  readonly #touched: Set<number>;

  private constructor(records: number[], bytes: number, touched: Iterable<number>) {
    this.#records = records;
    this.#bytes = bytes;
    this.#touched = new Set(touched);
  }

  /** With the accumulators after the newest block. ChainError `store-damaged`. */
  static open(store: StoreReader, head: number): readonly [StoredBuckets, BucketSet] {
    const { buckets, records, bytes } = read(store, head);
    return [new StoredBuckets(records, bytes, buckets.changed), buckets];
  }

  /** What goes into the batch of a block that makes these changes and has these accumulators after it. */
  writes(number: number, changes: readonly Change[], buckets: BucketSet): Write[] {
    for (const bucket of buckets.changed) this.#touched.add(bucket);
    const value = encodeRecord(changes.filter(({ key }) => isCommitted(key)));
    if (this.#records.length + 1 < MAX_BLOCKS && this.#bytes + value.length < MAX_BYTES) {
      this.#records.push(number);
      this.#bytes += value.length;
      return [{ key: recordKey(number), value }];
    }
    return this.#whole(this.#touched, buckets);
  }

  /** What writes all accumulators, whatever was before. */
  rewrite(buckets: BucketSet): Write[] {
    return this.#whole(
      Array.from({ length: BUCKETS }, (_, bucket) => bucket),
      buckets,
    );
  }

  #whole(which: Iterable<number>, buckets: BucketSet): Write[] {
    const out: Write[] = this.#records.map((number) => ({ key: recordKey(number), value: undefined }));
    for (const bucket of which) out.push({ key: bucketKey(bucket), value: buckets.accumulator(bucket) });
    this.#records = [];
    this.#bytes = 0;
    this.#touched.clear();
    return out;
  }
}
