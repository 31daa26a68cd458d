// What LevelDB does for a chain's database, on the bad disk: batches in a checksummed log, written anew and synced when it is opened. The
// contract is that of `LevelStore`: a batch is there as a whole or not at all; those that are not synced may go with the
// power, from the end; a folder of which a part is missing is damaged or empty. LevelDB's own files are not under test.

import { ChainError } from "@tributary/chain/chain-error";
import type { StateFolders } from "@tributary/chain/snapshot/state-folders";
import type { KeyValueStore, StoreSnapshot, Write } from "@tributary/chain/store/key-value-store";
import { MemoryStore } from "@tributary/chain/store/memory-store";
import { encodeFrame, scanFrames } from "@tributary/node/log/frame";
import { isDiskFull } from "@tributary/protocol/files/disk-full";
import { readWhole, replaceWhole, writeWhole } from "@tributary/protocol/files/whole-file";
import type { AppendFile, FileLayer } from "@tributary/protocol/ports/file-layer";
import { badDirectory } from "./bad-directory.ts";
import { type BadDisk, type Life, Stopped } from "./bad-disk.ts";

const LOG = "000001.log";
const CURRENT = "CURRENT";
const KEY_AT = 3;

/** A chain's folders on the bad disk. A database that a process has open cannot be opened again: `locks` are the process's. */
export function badStates(disk: BadDisk, path: string, life: Life, locks: Set<string>): StateFolders {
  const folders = badDirectory(disk, path, life);
  return {
    ...folders,
    async open(name) {
      if (locks.has(name)) throw new ChainError("store-locked", `the database in ${name} is in use`);
      locks.add(name);
      try {
        return await DiskKeyValueStore.open(folders.files(name), () => locks.delete(name));
      } catch (error) {
        locks.delete(name);
        throw error instanceof Stopped ? error : failure(error);
      }
    },
  };
}

class DiskKeyValueStore implements KeyValueStore {
  readonly #file: AppendFile;
  readonly #closed: () => void;
  readonly #entries = new MemoryStore();
  #sequence = 1;
  #broken: ChainError | undefined;
  #writing: Promise<void> = Promise.resolve();

  static async open(files: FileLayer, closed: () => void): Promise<DiskKeyValueStore> {
    const names = files.list();
    if (names.includes(LOG) && !names.includes(CURRENT)) throw new ChainError("store-damaged", `${CURRENT} is missing`);
    const content = names.includes(LOG) ? readWhole(files, LOG) : new Uint8Array(0);
    const { records, damagedAt } = scanFrames(content, 0);
    if (damagedAt !== undefined) throw new ChainError("store-damaged", `${LOG} is damaged at offset ${damagedAt}`);
    // Written anew: whether what a dead process wrote is on the platter, no sync says.
    await replaceWhole(files, LOG, encodeFrame(0, records));
    const store = new DiskKeyValueStore(await files.append(LOG), closed);
    await store.#entries.write(records.map(decodeWrite));
    if (!names.includes(CURRENT)) await replaceWhole(files, CURRENT, Uint8Array.of(1));
    return store;
  }

  private constructor(file: AppendFile, closed: () => void) {
    this.#file = file;
    this.#closed = closed;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#entries.get(key);
  }

  range(start: Uint8Array, end: Uint8Array): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
    return this.#entries.range(start, end);
  }

  snapshot(): StoreSnapshot {
    return this.#entries.snapshot();
  }

  write(batch: readonly Write[]): Promise<void> {
    const written = this.#writing.then(async () => {
      if (this.#broken !== undefined) throw this.#broken;
      try {
        await this.#append(batch.map(encodeWrite));
      } catch (error) {
        this.#broken = failure(error);
        throw this.#broken;
      }
      await this.#entries.write(batch);
    });
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
    await this.#entries.close();
    this.#closed();
  }

  #append(records: readonly Uint8Array[]): Promise<void> {
    return writeWhole(this.#file, encodeFrame(this.#sequence++, records));
  }
}

/** u8 1 for a value and 0 for a removal, u16 bytes of the key, key, value. */
function encodeWrite({ key, value }: Write): Uint8Array {
  const record = Buffer.alloc(KEY_AT + key.length + (value?.length ?? 0));
  record.writeUInt8(value === undefined ? 0 : 1, 0);
  record.writeUInt16BE(key.length, 1);
  record.set(key, KEY_AT);
  if (value !== undefined) record.set(value, KEY_AT + key.length);
  return record;
}

function decodeWrite(record: Uint8Array): Write {
  const end = KEY_AT + Buffer.from(record.buffer, record.byteOffset).readUInt16BE(1);
  return { key: record.slice(KEY_AT, end), value: record[0] === 1 ? record.slice(end) : undefined };
}

/** By the names that `LevelStore` has for them. */
function failure(error: unknown): ChainError {
  if (error instanceof ChainError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new ChainError(isDiskFull(error) ? "store-full" : "store-damaged", why, { cause: error });
}
