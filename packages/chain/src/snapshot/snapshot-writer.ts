import { replaceWhole, writeWhole } from "@tributary/protocol/files/whole-file";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import type { BlockHeader } from "../block/block.ts";
import { BlockStore } from "../ledger/block-store.ts";
import { storedHead } from "../ledger/ledger.ts";
import { bucketKey } from "../ledger/ledger-key.ts";
import { BUCKETS, bucketOf } from "../state/bucket-set.ts";
import { ACCOUNT_PREFIX, STORAGE_PREFIX } from "../state/flat-key.ts";
import { LT_HASH_BYTES } from "../state/lt-hash.ts";
import { fromKey } from "../store/key.ts";
import type { StoreReader, StoreSnapshot } from "../store/key-value-store.ts";
import { bucketDigest, encodeEntry } from "./bucket-bytes.ts";
import { encodeManifest, MAX_ANCESTORS } from "./manifest.ts";
import { bucketFile, MANIFEST_FILE } from "./snapshot-files.ts";

/** Bytes of a bucket that wait in memory for their file; 256 of them are 16 MiB. */
const BUFFER_BYTES = 65_536;
const EMPTY_DIGEST: Uint8Array = bucketDigest(new Uint8Array(LT_HASH_BYTES));

/** A chain as of one certified block, held while its snapshot is written. */
export class FrozenChain {
  /** Of the block. */
  readonly number: number;
  readonly #state: StoreSnapshot;

  constructor(state: StoreSnapshot) {
    this.#state = state;
    this.number = storedHead(state, new BlockStore(state)).block.header.number;
  }

  write(files: FileLayer, proof: Uint8Array): Promise<void> {
    return writeSnapshot(this.#state, files, proof);
  }

  /** Idempotent. Close it before the chain. */
  close(): Promise<void> {
    return this.#state.close();
  }
}

/**
 * Writes the state of one certified block as files, a bucket each, and the manifest last: a folder without one holds
 * nothing. One pass over the state in turns of a thousand entries, during which the chain goes on; 16 MiB of memory.
 * Nothing is synced but the manifest: a snapshot is served by the process that wrote it and made again by the next one.
 * What was in the folder goes first. `proof` goes into the manifest as it is. System errors where the disk refuses.
 */
async function writeSnapshot(state: StoreSnapshot, files: FileLayer, proof: Uint8Array): Promise<void> {
  for (const leftover of files.list()) await files.remove(leftover);
  const buckets = new BucketFiles(files);
  for (const prefix of [ACCOUNT_PREFIX, STORAGE_PREFIX]) {
    const start = fromKey(prefix);
    const end = Uint8Array.of(prefix.charCodeAt(0) + 1);
    for await (const [key, value] of state.range(start, end)) {
      if (buckets.add(bucketOf(key), encodeEntry(key, value))) await buckets.spill(BUFFER_BYTES);
    }
  }
  await buckets.spill(0);
  const blocks = new BlockStore(state);
  const record = storedHead(state, blocks);
  const manifest = encodeManifest({
    record,
    receipts: blocks.receipts(record.block.header.number),
    ancestors: ancestorsOf(record.block.header, blocks),
    digests: digestsOf(state),
    sizes: buckets.sizes,
    proof,
  });
  await replaceWhole(files, MANIFEST_FILE, manifest);
}

function ancestorsOf(header: BlockHeader, blocks: BlockStore): BlockHeader[] {
  const out: BlockHeader[] = [];
  for (let number = header.number - 1; number >= 0 && out.length < MAX_ANCESTORS; number--) {
    const ancestor = blocks.header(number);
    if (ancestor === undefined) break;
    out.push(ancestor);
  }
  return out;
}

function digestsOf(state: StoreReader): Uint8Array[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => {
    const accumulator = state.get(bucketKey(bucket));
    return accumulator === undefined ? EMPTY_DIGEST : bucketDigest(accumulator);
  });
}

/** The files of the buckets while they grow. */
class BucketFiles {
  readonly sizes: number[] = new Array<number>(BUCKETS).fill(0);
  readonly #files: FileLayer;
  readonly #waiting: Uint8Array[][] = Array.from({ length: BUCKETS }, () => []);
  readonly #bytes: number[] = new Array<number>(BUCKETS).fill(0);

  constructor(files: FileLayer) {
    this.#files = files;
  }

  /** True when the bucket's buffer is full. */
  add(bucket: number, entry: Uint8Array): boolean {
    this.#waiting[bucket]?.push(entry);
    const bytes = (this.#bytes[bucket] ?? 0) + entry.length;
    this.#bytes[bucket] = bytes;
    this.sizes[bucket] = (this.sizes[bucket] ?? 0) + entry.length;
    return bytes >= BUFFER_BYTES;
  }

  /** Writes out the buffers that hold at least so many bytes. */
  async spill(least: number): Promise<void> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const waiting = this.#waiting[bucket];
      if (waiting === undefined || waiting.length === 0 || (this.#bytes[bucket] ?? 0) < least) continue;
      const bytes = Buffer.concat(waiting);
      this.#waiting[bucket] = [];
      this.#bytes[bucket] = 0;
      const file = await this.#files.append(bucketFile(bucket));
      try {
        await writeWhole(file, bytes);
      } finally {
        await file.close();
      }
    }
  }
}
