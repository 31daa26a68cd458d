import { compare, concat } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { ACCOUNT_BYTES } from "../state/account.ts";
import { bucketOf } from "../state/bucket-set.ts";
import { ACCOUNT_PREFIX, STORAGE_PREFIX } from "../state/flat-key.ts";
import { LT_HASH_BYTES, LtHashChange } from "../state/lt-hash.ts";
import { toKey } from "../store/key.ts";

// A bucket as it travels: its entries by ascending key, each u8 length ‖ key ‖ u8 length ‖ value. Equal buckets are
// equal bytes.

const ACCOUNT = ACCOUNT_PREFIX.charCodeAt(0);
const STORAGE = STORAGE_PREFIX.charCodeAt(0);
/** "a" ‖ address; "s" ‖ address ‖ slot. */
const ACCOUNT_KEY_BYTES = 21;
const STORAGE_KEY_BYTES = 53;
const NOTHING = new Uint8Array(0);

/** Called with views of what was pushed, or of a copy. */
export type EntrySink = (key: Uint8Array, value: Uint8Array) => void;

/** The digest that the state root has for a bucket with these 2048 bytes of accumulator. */
export function bucketDigest(accumulator: Uint8Array): Uint8Array {
  return keccak256(accumulator);
}

/** Keys and values of the state are shorter than 256 bytes. */
export const MAX_ENTRY_BYTES: number = 1 + 255 + 1 + 255;

/** Writes an entry at an offset and gives its bytes' number. RangeError where the room or a length byte does not do. */
export function putEntry(into: Uint8Array, offset: number, key: Uint8Array, value: Uint8Array): number {
  if (key.length > 255 || value.length > 255) throw new RangeError("no entry of the state");
  const middle = offset + 1 + key.length;
  into[offset] = key.length;
  into.set(key, offset + 1);
  into[middle] = value.length;
  into.set(value, middle + 1);
  return middle + 1 + value.length - offset;
}

/** Cuts a stream of bytes, however it comes, into entries. */
export class EntryReader {
  #rest: Uint8Array = NOTHING;

  push(bytes: Uint8Array, entry: EntrySink): void {
    const all = this.#rest.length === 0 ? bytes : concat(this.#rest, bytes);
    let at = 0;
    for (;;) {
      const keyEnd = at + 1 + (all[at] ?? 0);
      const end = keyEnd + 1 + (all[keyEnd] ?? 0);
      if (keyEnd >= all.length || end > all.length) break;
      entry(all.subarray(at + 1, keyEnd), all.subarray(keyEnd + 1, end));
      at = end;
    }
    this.#rest = all.slice(at);
  }

  /** The stream ended, or could end, behind an entry. */
  get whole(): boolean {
    return this.#rest.length === 0;
  }
}

/**
 * Reads one bucket from hostile bytes, however they are cut, and sums it up as it goes: in memory are one entry and one
 * accumulator, whatever the bucket's size.
 */
export class BucketReader {
  readonly #bucket: number;
  readonly #sum = new Uint32Array(LT_HASH_BYTES / 4);
  readonly #entries = new EntryReader();
  #last: Uint8Array = NOTHING;
  #malformed = false;

  constructor(bucket: number) {
    this.#bucket = bucket;
  }

  /** False once the bytes are no bucket of this number in its canonical form. */
  push(bytes: Uint8Array): boolean {
    const change = new LtHashChange(() => this.#sum, false);
    this.#entries.push(bytes, (key, value) => this.#take(change, key, value));
    for (const [, after] of change.end()) this.#sum.set(after);
    return !this.#malformed;
  }

  /** The bucket's digest, or undefined where the bytes ended inside an entry or were malformed. */
  digest(): Uint8Array | undefined {
    return this.#malformed || !this.#entries.whole ? undefined : bucketDigest(this.accumulator());
  }

  /** Of what was read. 2048 bytes. */
  accumulator(): Uint8Array {
    return new Uint8Array(this.#sum.buffer).slice();
  }

  #take(change: LtHashChange, key: Uint8Array, value: Uint8Array): void {
    if (this.#malformed) return;
    // What no state holds is refused before it is hashed: hashing is what a peer could make expensive.
    if (!isEntry(key, value) || compare(this.#last, key) >= 0 || bucketOf(key) !== this.#bucket) {
      this.#malformed = true;
      return;
    }
    change.change(0, toKey(key), value, false);
    this.#last = key.slice();
  }
}

function isEntry(key: Uint8Array, value: Uint8Array): boolean {
  if (key[0] === ACCOUNT && key.length === ACCOUNT_KEY_BYTES) return value.length === ACCOUNT_BYTES;
  return key[0] === STORAGE && key.length === STORAGE_KEY_BYTES && value.length <= 32 && (value[0] ?? 0) !== 0;
}
