import { crc32 } from "node:zlib";
import { equal, uint } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import type { Block } from "../block/block.ts";
import { ChainError } from "../chain-error.ts";
import { BlockStore } from "../ledger/block-store.ts";
import { bucketKey, EARLIEST_KEY, GENESIS_KEY, HEAD_KEY, ORIGIN_KEY, PARAMETERS_KEY } from "../ledger/ledger-key.ts";
import { codeHashIn } from "../state/account.ts";
import { BUCKETS } from "../state/bucket-set.ts";
import { ACCOUNT_PREFIX, CODE_PREFIX } from "../state/flat-key.ts";
import { LT_HASH_BYTES } from "../state/lt-hash.ts";
import { fromKey } from "../store/key.ts";
import type { KeyValueStore, Write } from "../store/key-value-store.ts";
import { BucketReader, bucketDigest, EntryReader } from "./bucket-bytes.ts";
import { ready, STAGE, UNFINISHED } from "./install.ts";
import type { Manifest } from "./manifest.ts";
import { bucketFile } from "./snapshot-files.ts";
import { StagedBytes } from "./staged-bytes.ts";
import type { StateFolders } from "./state-folders.ts";
import { holdsVerified } from "./stored-sums.ts";

// Keys beside those of a chain: "p" -> hash of the block that is taken over; "d" ‖ u8 bucket -> u32 CRC-32 of its bytes:
// it is here; "w" ‖ hash: an account names this code. The last ones go when the code comes. The others stay, two kilobytes:
// where a crash keeps a finished database from being the next one, nothing is fetched again.
const BLOCK_KEY: Uint8Array = fromKey("p");
const DONE = "d";
const WANTED = "w";
const ACCOUNT = ACCOUNT_PREFIX.charCodeAt(0);
const NOTHING = new Uint8Array(0);
const EMPTY_DIGEST: Uint8Array = bucketDigest(new Uint8Array(LT_HASH_BYTES));
const BATCH_ENTRIES = 8_000;
/** Bytes of one bucket that wait in memory; as many buckets are on their way at once as members are asked. */
const MEMORY_BYTES = 1024 * 1024;
/** What the database takes before it sorts: buckets overlap each other, and each table more is sorted again and again. */
const WRITE_BUFFER_BYTES = 64 * 1024 * 1024;

export type StateImportParts = {
  /** The chain's. */
  readonly folders: StateFolders;
  /** Block 0. */
  readonly genesis: Block;
  /** Digest of the parameters that give it. */
  readonly parameters: Uint8Array;
  /** Checked, and its block certified. */
  readonly manifest: Manifest;
  /** Bytes of a bucket from which on it waits in a file until it is whole. */
  readonly memoryBytes?: number;
  /** Entries in one batch. */
  readonly batchEntries?: number;
};

/**
 * Takes a snapshot over into a new database beside the chain's, bucket by bucket: only what was verified enters it, and
 * each entered bucket is its own mark in the journal, so that a download goes on where a killed process left it. The
 * chain's own database is not touched. All methods throw ChainError `snapshot-failed` where the disk refuses; what was
 * entered before stays for the next attempt.
 */
export class StateImport {
  readonly #parts: StateImportParts;
  readonly #store: KeyValueStore;
  readonly #stage: FileLayer;
  readonly #missing: Set<number>;
  #closed = false;

  /** Goes on with what is there of the same block, or begins anew. */
  static async open(parts: StateImportParts): Promise<StateImport> {
    const { folders, manifest } = parts;
    return diskErrors(async () => {
      const { hash } = manifest.record.block;
      const store = await openUnfinished(folders, hash);
      try {
        if (store.get(BLOCK_KEY) === undefined) await store.write([{ key: BLOCK_KEY, value: hash }]);
        await folders.sync();
        const stage = folders.files(STAGE);
        for (const leftover of stage.list()) await stage.remove(leftover);
        return new StateImport(parts, store, stage);
      } catch (error) {
        await store.close();
        throw error;
      }
    });
  }

  private constructor(parts: StateImportParts, store: KeyValueStore, stage: FileLayer) {
    this.#parts = parts;
    this.#store = store;
    this.#stage = stage;
    const { digests } = parts.manifest;
    this.#missing = new Set();
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const empty = equal(digests[bucket] ?? NOTHING, EMPTY_DIGEST);
      if (!empty && this.#sumOf(bucket) === undefined) this.#missing.add(bucket);
    }
  }

  get manifest(): Manifest {
    return this.#parts.manifest;
  }

  /** Buckets that are not here yet, ascending. */
  get missing(): readonly number[] {
    return [...this.#missing];
  }

  /** A place for the bytes of a bucket, from its beginning; all of them from one peer. */
  bucket(bucket: number): BucketImport {
    const digest = this.#parts.manifest.digests[bucket] ?? NOTHING;
    const staged = new StagedBytes(this.#stage, bucketFile(bucket), this.#parts.memoryBytes ?? MEMORY_BYTES);
    return new BucketImport(bucket, digest, staged, (accumulator) => this.#enter(bucket, staged, accumulator));
  }

  /** Hashes of codes that accounts name and that are not here, at most so many. Complete only when no bucket is missing. */
  async wantedCodes(limit: number): Promise<readonly Uint8Array[]> {
    const out: Uint8Array[] = [];
    for await (const [key] of this.#store.range(fromKey(WANTED), Uint8Array.of(WANTED.charCodeAt(0) + 1))) {
      if (out.length >= limit) break;
      out.push(key.slice(1));
    }
    return out;
  }

  /** Enters codes that were asked for, in the order of their hashes; false where one is another: its sender lied. */
  async codes(hashes: readonly Uint8Array[], codes: readonly Uint8Array[]): Promise<boolean> {
    if (codes.length > hashes.length) return false;
    const writes: Write[] = [];
    for (const [index, code] of codes.entries()) {
      const hash = hashes[index] ?? NOTHING;
      if (!equal(keccak256(code), hash)) return false;
      writes.push({ key: hashKey(CODE_PREFIX, hash), value: code }, { key: hashKey(WANTED, hash), value: undefined });
    }
    await diskErrors(() => this.#store.write(writes));
    return true;
  }

  /**
   * Checks the whole: that what is on disk is what was verified, and that no code is missing. Then the database is a
   * chain's, durable and ready to take the old one's place when the chain is opened next (`install.ts`). Closes the import.
   */
  async finish(): Promise<void> {
    const [wanted] = await this.wantedCodes(1);
    if (this.#missing.size > 0 || wanted !== undefined) throw new RangeError("the import is not complete");
    await diskErrors(async () => {
      try {
        await this.#complete();
      } finally {
        await this.close();
      }
    });
  }

  async #complete(): Promise<void> {
    const { folders, manifest } = this.#parts;
    const sums = Array.from({ length: BUCKETS }, (_, bucket) => this.#sumOf(bucket) ?? 0);
    if (!(await holdsVerified(this.#store, manifest.record.block.header.stateRoot, sums))) {
      await this.close();
      await folders.remove(UNFINISHED);
      throw new ChainError("snapshot-failed", "what is on disk is not what was verified: the disk or memory is faulty");
    }
    await this.#store.write(this.#chainWrites());
    await this.close();
    await folders.syncFiles(UNFINISHED);
    // Nothing may fail once it is ready: the next attempt would begin anew.
    await folders.remove(STAGE);
    await ready(folders);
  }

  /** Idempotent. What was entered stays. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#store.close();
  }

  /** What makes the entries a chain; one batch. */
  #chainWrites(): Write[] {
    const { record, receipts, ancestors, proof } = this.#parts.manifest;
    const { number } = record.block.header;
    const { genesis, parameters } = this.#parts;
    const blocks = new BlockStore(this.#store);
    return [
      ...ancestors.flatMap((ancestor) => blocks.headerWrites(ancestor)),
      ...blocks.writes({ block: genesis, senders: [] }, []),
      ...blocks.writes(record, receipts),
      { key: HEAD_KEY, value: uint(number, 8) },
      { key: EARLIEST_KEY, value: uint(number, 8) },
      { key: ORIGIN_KEY, value: proof },
      { key: PARAMETERS_KEY, value: parameters },
      { key: GENESIS_KEY, value: genesis.hash },
    ];
  }

  /** The bucket was verified: its entries go into the database, the mark with the last of them. */
  async #enter(bucket: number, staged: StagedBytes, accumulator: Uint8Array): Promise<void> {
    const reader = new EntryReader();
    let found = 0;
    let writes: Write[] = [];
    for (const bytes of staged.pieces()) {
      found = crc32(bytes, found);
      reader.push(bytes, (key, value) => addWrites(writes, key, value));
      if (writes.length < (this.#parts.batchEntries ?? BATCH_ENTRIES)) continue;
      await this.#store.write(writes);
      writes = [];
    }
    // Nothing but what was verified may be marked as being here.
    if (found !== staged.sum) throw new ChainError("snapshot-failed", `${staged.name} is not what was written to it`);
    writes.push({ key: bucketKey(bucket), value: accumulator }, { key: doneKey(bucket), value: uint(found, 4) });
    await this.#store.write(writes);
    await staged.discard();
    this.#missing.delete(bucket);
  }

  /** Undefined where the bucket is not here; an older version kept no sum, and its buckets are fetched again. */
  #sumOf(bucket: number): number | undefined {
    const value = this.#store.get(doneKey(bucket));
    return value?.length === 4 ? Buffer.from(value).readUInt32BE(0) : undefined;
  }
}

/** What was begun for the block, or an empty database where that is of another one or cannot be read. */
async function openUnfinished(folders: StateFolders, block: Uint8Array): Promise<KeyValueStore> {
  const found = await folders.open(UNFINISHED, WRITE_BUFFER_BYTES).catch((error: unknown) => {
    // Such a one is whole.
    if (error instanceof ChainError && (error.code === "store-locked" || error.code === "store-full")) throw error;
    return undefined;
  });
  if (found !== undefined && isOf(found, block)) return found;
  await found?.close();
  await folders.remove(UNFINISHED);
  return folders.open(UNFINISHED, WRITE_BUFFER_BYTES);
}

function isOf(store: KeyValueStore, block: Uint8Array): boolean {
  try {
    const begun = store.get(BLOCK_KEY);
    return begun !== undefined && equal(begun, block);
  } catch {
    return false;
  }
}

/** One bucket on its way: gathered as it comes, entered when it is whole and true. */
export class BucketImport {
  readonly #digest: Uint8Array;
  readonly #staged: StagedBytes;
  readonly #enter: (accumulator: Uint8Array) => Promise<void>;
  readonly #reader: BucketReader;

  constructor(
    bucket: number,
    digest: Uint8Array,
    staged: StagedBytes,
    enter: (accumulator: Uint8Array) => Promise<void>,
  ) {
    this.#digest = digest;
    this.#staged = staged;
    this.#enter = enter;
    this.#reader = new BucketReader(bucket);
  }

  /** Bytes so far. */
  get size(): number {
    return this.#staged.size;
  }

  /** False where the bytes cannot be of this bucket: their sender lied. They must not change any more. */
  async push(bytes: Uint8Array): Promise<boolean> {
    if (!this.#reader.push(bytes)) return false;
    await diskErrors(() => this.#staged.push(bytes));
    return true;
  }

  /** All bytes came. False where they are not the bucket's: their sender lied. */
  async end(): Promise<boolean> {
    const digest = this.#reader.digest();
    if (digest === undefined || !equal(digest, this.#digest)) return false;
    await diskErrors(() => this.#enter(this.#reader.accumulator()));
    return true;
  }

  /** Forgets the bytes, so that the bucket can begin again. */
  async discard(): Promise<void> {
    await diskErrors(() => this.#staged.discard());
  }
}

function doneKey(bucket: number): Uint8Array {
  return Buffer.concat([fromKey(DONE), uint(bucket, 1)]);
}

function hashKey(prefix: string, hash: Uint8Array): Uint8Array {
  return Buffer.concat([fromKey(prefix), hash]);
}

function addWrites(writes: Write[], key: Uint8Array, value: Uint8Array): void {
  writes.push({ key, value });
  const codeHash = key[0] === ACCOUNT ? codeHashIn(value) : undefined;
  if (codeHash !== undefined) writes.push({ key: hashKey(WANTED, codeHash), value: NOTHING });
}

async function diskErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ChainError && cause.code === "snapshot-failed") throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ChainError("snapshot-failed", `the snapshot cannot be taken over: ${why}`, { cause });
  }
}
