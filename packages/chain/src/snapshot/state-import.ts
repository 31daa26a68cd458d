import { mkdir, rm } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { equal, uint } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { writeWhole } from "@tributary/protocol/files/whole-file";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import type { Block } from "../block/block.ts";
import { ChainError } from "../chain-error.ts";
import { diskFolder } from "../files/disk-folder.ts";
import { BlockStore } from "../ledger/block-store.ts";
import { bucketKey, EARLIEST_KEY, GENESIS_KEY, HEAD_KEY, ORIGIN_KEY, PARAMETERS_KEY } from "../ledger/ledger-key.ts";
import { decodeAccount, EMPTY_CODE_HASH } from "../state/account.ts";
import { BUCKETS } from "../state/bucket-set.ts";
import { CODE_PREFIX } from "../state/flat-key.ts";
import { LT_HASH_BYTES } from "../state/lt-hash.ts";
import { recomputeStateRoot } from "../state/recompute-state-root.ts";
import { fromKey } from "../store/key.ts";
import type { KeyValueStore, Write } from "../store/key-value-store.ts";
import { LevelStore } from "../store/level-store.ts";
import { BucketReader, bucketDigest, EntryReader } from "./bucket-bytes.ts";
import { ready, stagePath, syncFiles, unfinishedPath } from "./install.ts";
import type { Manifest } from "./manifest.ts";
import { bucketFile } from "./snapshot-files.ts";

// Keys beside those of a chain, gone when it is one: "p" -> hash of the block that is being taken over; "d" ‖ u8 bucket:
// the bucket is here; "w" ‖ hash: an account names this code.
const BLOCK_KEY: Uint8Array = fromKey("p");
const DONE = "d";
const WANTED = "w";
const NOTHING = new Uint8Array(0);
const EMPTY_DIGEST: Uint8Array = bucketDigest(new Uint8Array(LT_HASH_BYTES));
/** Entries in one batch, and bytes of a bucket read back at a time. */
const BATCH_ENTRIES = 2_000;
const READ_BYTES = 256 * 1024;

export type StateImportParts = {
  /** The chain's folder. */
  readonly directory: string;
  /** Block 0. */
  readonly genesis: Block;
  /** Digest of the parameters that give it. */
  readonly parameters: Uint8Array;
  /** Checked, and its block certified. */
  readonly manifest: Manifest;
  /** Where buckets wait until they are whole; by default a folder beside the state. */
  readonly stage?: FileLayer;
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
    const { directory, manifest } = parts;
    return diskErrors(async () => {
      await mkdir(directory, { recursive: true });
      const folder = unfinishedPath(directory);
      let store = await LevelStore.open(folder).catch((error: unknown) => {
        if (error instanceof ChainError && error.code === "store-locked") throw error;
        return undefined;
      });
      const begun = store?.get(BLOCK_KEY);
      if (store === undefined || begun === undefined || !equal(begun, manifest.record.block.hash)) {
        await store?.close();
        await rm(folder, { recursive: true, force: true });
        store = await LevelStore.open(folder);
        await store.write([{ key: BLOCK_KEY, value: manifest.record.block.hash }]);
      }
      const stage = parts.stage ?? diskFolder(stagePath(directory));
      for (const leftover of stage.list()) await stage.remove(leftover);
      return new StateImport(parts, store, stage);
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
      if (!empty && store.get(doneKey(bucket)) === undefined) this.#missing.add(bucket);
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
    return new BucketImport(bucket, digest, this.#stage, (staged) => this.#enter(bucket, staged));
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
   * Checks the whole: the root of all that is on disk, and that no code is missing. Then the database is a chain's,
   * durable and ready to take the old one's place when the chain is opened next (`install.ts`). Closes the import.
   */
  async finish(progress?: (entries: number) => void): Promise<void> {
    const { directory, manifest } = this.#parts;
    const [wanted] = await this.wantedCodes(1);
    if (this.#missing.size > 0 || wanted !== undefined) throw new RangeError("the import is not complete");
    const { stateRoot } = manifest.record.block.header;
    const audit = await recomputeStateRoot(this.#store, progress);
    if (!equal(audit.root, stateRoot) || audit.badCode.length > 0) {
      await this.close();
      await rm(unfinishedPath(directory), { recursive: true, force: true });
      throw new ChainError("snapshot-failed", "what is on disk is not what was verified: the disk or memory is faulty");
    }
    await diskErrors(async () => {
      await this.#store.write(this.#chainWrites());
      await this.close();
      await syncFiles(unfinishedPath(directory));
      await ready(directory);
      await rm(stagePath(directory), { recursive: true, force: true });
    });
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
    const done = Array.from({ length: BUCKETS }, (_, bucket) => ({ key: doneKey(bucket), value: undefined }));
    return [
      ...done,
      { key: BLOCK_KEY, value: undefined },
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

  /** The staged file was verified: its entries go into the database, the mark with the last of them. */
  async #enter(bucket: number, { accumulator, size, sum }: Staged): Promise<void> {
    const name = bucketFile(bucket);
    const reader = new EntryReader();
    let found = 0;
    let writes: Write[] = [];
    for (let at = 0; at < size; ) {
      const into = new Uint8Array(Math.min(READ_BYTES, size - at));
      const read = this.#stage.read(name, at, into);
      if (read === 0)
        throw new ChainError("snapshot-failed", `${this.#stage.path(name)} ends at ${at} of ${size} bytes`);
      at += read;
      found = crc32(into.subarray(0, read), found);
      reader.push(into.subarray(0, read), (key, value) => writes.push(...entryWrites(key, value)));
      if (writes.length < BATCH_ENTRIES) continue;
      await this.#store.write(writes);
      writes = [];
    }
    // Nothing but what was verified may be marked as being here.
    if (found !== sum)
      throw new ChainError("snapshot-failed", `${this.#stage.path(name)} is not what was written to it`);
    writes.push({ key: bucketKey(bucket), value: accumulator }, { key: doneKey(bucket), value: NOTHING });
    await this.#store.write(writes);
    await this.#stage.remove(name);
    this.#missing.delete(bucket);
  }
}

/** A verified bucket in its file. */
type Staged = {
  readonly accumulator: Uint8Array;
  readonly size: number;
  /** CRC-32 of the bytes. */
  readonly sum: number;
};

/** One bucket on its way: staged as it comes, entered when it is whole and true. */
export class BucketImport {
  readonly #name: string;
  readonly #digest: Uint8Array;
  readonly #stage: FileLayer;
  readonly #enter: (staged: Staged) => Promise<void>;
  readonly #reader: BucketReader;
  #size = 0;
  #sum = 0;

  constructor(bucket: number, digest: Uint8Array, stage: FileLayer, enter: (staged: Staged) => Promise<void>) {
    this.#name = bucketFile(bucket);
    this.#digest = digest;
    this.#stage = stage;
    this.#enter = enter;
    this.#reader = new BucketReader(bucket);
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** False where the bytes cannot be of this bucket: their sender lied. */
  async push(bytes: Uint8Array): Promise<boolean> {
    if (!this.#reader.push(bytes)) return false;
    await diskErrors(async () => {
      const file = await this.#stage.append(this.#name);
      try {
        await writeWhole(file, bytes);
      } finally {
        await file.close();
      }
    });
    this.#size += bytes.length;
    this.#sum = crc32(bytes, this.#sum);
    return true;
  }

  /** All bytes came. False where they are not the bucket's: their sender lied. */
  async end(): Promise<boolean> {
    const digest = this.#reader.digest();
    if (digest === undefined || !equal(digest, this.#digest)) return false;
    const staged = { accumulator: this.#reader.accumulator(), size: this.#size, sum: this.#sum };
    await diskErrors(() => this.#enter(staged));
    return true;
  }

  /** Forgets the bytes, so that the bucket can begin again. */
  async discard(): Promise<void> {
    if (this.#size === 0 || !this.#stage.list().includes(this.#name)) return;
    await diskErrors(() => this.#stage.remove(this.#name));
  }
}

function doneKey(bucket: number): Uint8Array {
  return Buffer.concat([fromKey(DONE), uint(bucket, 1)]);
}

function hashKey(prefix: string, hash: Uint8Array): Uint8Array {
  return Buffer.concat([fromKey(prefix), hash]);
}

function entryWrites(key: Uint8Array, value: Uint8Array): Write[] {
  const codeHash = decodeAccount(value)?.codeHash;
  const entry = { key: key.slice(), value: value.slice() };
  if (codeHash === undefined || equal(codeHash, EMPTY_CODE_HASH)) return [entry];
  return [entry, { key: hashKey(WANTED, codeHash), value: NOTHING }];
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
