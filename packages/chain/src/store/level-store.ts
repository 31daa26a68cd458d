import { isDiskFull } from "@tributary/protocol/files/disk-full";
import { otherFormat } from "@tributary/protocol/files/other-format";
import { ClassicLevel } from "classic-level";
import { ChainError } from "../chain-error.ts";
import type { KeyValueStore, StoreSnapshot, Write } from "./key-value-store.ts";
import { levelDamage } from "./level-damage.ts";

/** Raised when the meaning of stored bytes changes. Another version in a folder is refused, never guessed at. */
export const STORE_FORMAT = 2;
/** Its blocks came with all accumulators that they changed, none with a record (ledger/stored-buckets.ts): readable as it is. */
const FORMAT_WITHOUT_RECORDS = 1;
/** LevelDB's own. */
const WRITE_BUFFER_BYTES: number = 4 * 1024 * 1024;
/** Below every other key: those start with a printable letter. */
const FORMAT_KEY = Uint8Array.of(0);

type Database = ClassicLevel<Uint8Array, Uint8Array>;
type Snapshot = ReturnType<Database["snapshot"]> | undefined;

/** The database hands out Buffers, whose `slice` does not copy: a trap for everybody who expects Uint8Array. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function openFailure(directory: string, error: unknown): ChainError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "LEVEL_LOCKED") {
    return new ChainError("store-locked", `the database in ${directory} is in use by another process`, { cause });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  if (isDiskFull(cause)) return full(directory, why, cause);
  return new ChainError("store-damaged", `the database in ${directory} cannot be opened: ${why}`, { cause });
}

/** Said by a name of its own: whoever took it for damage would throw good data away. */
function full(directory: string, why: string, cause: unknown): ChainError {
  return new ChainError("store-full", `no room for the database in ${directory}: ${why}`, { cause });
}

/** LevelDB in a folder. */
export class LevelStore implements KeyValueStore {
  readonly #database: Database;
  readonly #directory: string;
  #closed = false;

  private constructor(database: Database, directory: string) {
    this.#database = database;
    this.#directory = directory;
  }

  /**
   * Opens or creates the database; it takes so many bytes before it sorts and writes a table of them. ChainError
   * `store-locked`, `store-full`, `store-damaged` or `store-format`.
   */
  static async open(directory: string, writeBufferSize: number = WRITE_BUFFER_BYTES): Promise<LevelStore> {
    const damage = levelDamage(directory);
    if (damage !== undefined)
      throw new ChainError("store-damaged", `the database in ${directory} is damaged: ${damage}`);
    const views = { keyEncoding: "view", valueEncoding: "view" } as const;
    const database: Database = new ClassicLevel(directory, { ...views, writeBufferSize });
    try {
      await database.open();
    } catch (error) {
      throw openFailure(directory, error);
    }
    const store = new LevelStore(database, directory);
    try {
      await store.#checkFormat();
    } catch (error) {
      await database.close();
      throw error instanceof ChainError ? error : openFailure(directory, error);
    }
    return store;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#get(key, undefined);
  }

  #get(key: Uint8Array, snapshot: Snapshot): Uint8Array | undefined {
    this.#assertOpen();
    try {
      const value = this.#database.getSync(key, { snapshot });
      return value === undefined ? undefined : plain(value);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async write(batch: readonly Write[]): Promise<void> {
    this.#assertOpen();
    try {
      // Not synced: blocks are certified and can be executed again from the containers, which are durable. What a
      // killed process wrote survives; a power cut may take the newest blocks, whole ones, from the end.
      await this.#database.batch(
        batch.map(({ key, value }) => (value === undefined ? { type: "del", key } : { type: "put", key, value })),
      );
    } catch (error) {
      throw this.#failure(error);
    }
  }

  range(start: Uint8Array, end: Uint8Array): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
    return this.#range(start, end, undefined);
  }

  snapshot(): StoreSnapshot {
    this.#assertOpen();
    const snapshot = this.#database.snapshot();
    return {
      get: (key) => this.#get(key, snapshot),
      range: (start, end) => this.#range(start, end, snapshot),
      close: () => snapshot.close(),
    };
  }

  async *#range(
    start: Uint8Array,
    end: Uint8Array,
    snapshot: Snapshot,
  ): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
    this.#assertOpen();
    const iterator = this.#database.iterator({ gte: start, lt: end, snapshot });
    try {
      for (;;) {
        const entries = await iterator.nextv(1000);
        if (entries.length === 0) return;
        for (const [key, value] of entries) yield [plain(key), plain(value)];
      }
    } catch (error) {
      throw this.#failure(error);
    } finally {
      await iterator.close();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#database.close();
  }

  async #checkFormat(): Promise<void> {
    const found = this.#database.getSync(FORMAT_KEY);
    if (found === undefined) {
      for await (const _ of this.#database.keys({ limit: 1 })) {
        throw new ChainError("store-format", `${this.#directory} holds a database that is not a chain's`);
      }
    } else {
      const format = found.length === 1 ? found[0] : undefined;
      if (format === STORE_FORMAT) return;
      if (format !== FORMAT_WITHOUT_RECORDS) {
        throw new ChainError("store-format", otherFormat(this.#directory, found[0] ?? 0, STORE_FORMAT));
      }
    }
    await this.#database.put(FORMAT_KEY, Uint8Array.of(STORE_FORMAT), { sync: true });
  }

  #assertOpen(): void {
    if (this.#closed) throw new ChainError("closed", "the store is closed");
  }

  #failure(error: unknown): ChainError {
    if (error instanceof ChainError) return error;
    const why = error instanceof Error ? error.message : String(error);
    if (isDiskFull(error)) return full(this.#directory, why, error);
    return new ChainError("store-damaged", `the database in ${this.#directory} failed: ${why}`, { cause: error });
  }
}
