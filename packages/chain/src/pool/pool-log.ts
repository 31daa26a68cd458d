import { type FileHandle, open, readFile, rename, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { uint } from "@tributary/protocol/bytes/bytes";
import { ChainError } from "../chain-error.ts";

/** A transaction as logged: what survives a crash of every process. */
export type LoggedTransaction = { readonly raw: Uint8Array; readonly age: number };

// After the format's name a log is a sequence of frames; a frame is what one flush wrote: u32 magic, u32 length of the
// payload, u32 CRC-32 of the payload, payload = (u32 length, u32 age, raw)*. A frame is written only after the one
// before it is durable: a bad one with a good one behind it is damage, with none it is a write that was cut off.
const HEAD_BYTES = 12;
const FRAME: Uint8Array = uint(0x7450_6c66, 4);
/** Name and version of the format: another file under this name is refused, not overwritten. */
const MAGIC: Uint8Array = new TextEncoder().encode("tributary-pool-2\n");
/** Bytes of dead records that are always tolerated before the log is written anew. */
const SLACK_BYTES = 4 * 1024 * 1024;

function encodeRecord({ raw, age }: LoggedTransaction): Uint8Array {
  return Buffer.concat([uint(raw.length, 4), uint(Math.min(age, 0xffff_ffff), 4), raw]);
}

function encodeFrame(records: readonly Uint8Array[]): Uint8Array {
  const payload = Buffer.concat(records);
  return Buffer.concat([FRAME, uint(payload.length, 4), uint(crc32(payload), 4), payload]);
}

/** The payload of the whole and sound frame at `at`, or undefined. */
function payloadAt(bytes: Buffer, at: number): Buffer | undefined {
  if (at + HEAD_BYTES > bytes.length || bytes.compare(FRAME, 0, 4, at, at + 4) !== 0) return undefined;
  const length = bytes.readUInt32BE(at + 4);
  const payload = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
  return payload.length === length && crc32(payload) === bytes.readUInt32BE(at + 8) ? payload : undefined;
}

/** The records up to the first bad frame, where the sound part ends, and whether a sound frame lies behind that. */
function decode(bytes: Buffer): {
  readonly records: LoggedTransaction[];
  readonly end: number;
  readonly damaged: boolean;
} {
  const records: LoggedTransaction[] = [];
  let end = MAGIC.length;
  for (let payload = payloadAt(bytes, end); payload !== undefined; payload = payloadAt(bytes, end)) {
    for (let at = 0; at + 8 <= payload.length; ) {
      const length = payload.readUInt32BE(at);
      records.push({
        age: payload.readUInt32BE(at + 4),
        raw: Uint8Array.from(payload.subarray(at + 8, at + 8 + length)),
      });
      at += 8 + length;
    }
    end += HEAD_BYTES + payload.length;
  }
  let later = bytes.indexOf(FRAME, end + 1);
  while (later >= 0 && payloadAt(bytes, later) === undefined) later = bytes.indexOf(FRAME, later + 1);
  return { records, end, damaged: later >= 0 };
}

function failure(path: string, error: unknown): ChainError {
  const why = error instanceof Error ? error.message : String(error);
  return new ChainError("pool-log", `the pool's log ${path} failed: ${why}`, { cause: error });
}

async function readLog(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw failure(path, error);
  }
}

type Waiter = { readonly resolve: () => void; readonly reject: (error: ChainError) => void };

/**
 * Append-only log of accepted transactions. `append` resolves once the record is on disk; all that wait share one
 * flush. Nothing is removed singly: when most of the log is dead it is written anew from what still waits.
 */
export class PoolLog {
  readonly #path: string;
  /** What still waits; asked when the log is written anew. */
  readonly #live: () => Iterable<LoggedTransaction>;
  #file: FileHandle;
  #bytes: number;
  #liveBytes = 0;
  #batch: Uint8Array[] = [];
  #waiters: Waiter[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;

  private constructor(path: string, file: FileHandle, bytes: number, live: () => Iterable<LoggedTransaction>) {
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
    this.#liveBytes = bytes;
    this.#live = live;
  }

  /** Opens or creates the log. A torn tail is cut off: what it held was never acknowledged. */
  static async open(
    path: string,
    live: () => Iterable<LoggedTransaction>,
  ): Promise<{ readonly log: PoolLog; readonly records: readonly LoggedTransaction[] }> {
    const bytes = await readLog(path);
    // Fewer bytes than the magic: the process died while it created the file.
    const fresh = bytes === undefined || MAGIC.subarray(0, bytes.length).every((byte, i) => byte === bytes[i]);
    const created = bytes === undefined || (fresh && bytes.length < MAGIC.length);
    if (!fresh) throw new ChainError("pool-log", `${path} is not a pool's log of a known format`);
    const { records, end, damaged } = created ? { records: [], end: MAGIC.length, damaged: false } : decode(bytes);
    if (damaged) throw new ChainError("pool-log", `the pool's log ${path} is damaged at offset ${end}`);
    try {
      if (bytes !== undefined && end < bytes.length) await truncate(path, end);
      const file = await open(path, "a");
      if (created) {
        await file.truncate(0);
        await file.appendFile(MAGIC);
        await file.datasync();
        await syncFolder(path);
      }
      return { log: new PoolLog(path, file, end, live), records };
    } catch (error) {
      throw failure(path, error);
    }
  }

  /** Resolves when the record is durable. ChainError `pool-log` when the disk refuses. */
  append(record: LoggedTransaction): Promise<void> {
    if (this.#closed) return Promise.reject(new ChainError("closed", "the pool's log is closed"));
    this.#batch.push(encodeRecord(record));
    const durable = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    this.#flushing ??= this.#flush();
    return durable;
  }

  /** Flushes what was appended and closes the file. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#flushing;
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    while (this.#batch.length > 0) {
      const batch = encodeFrame(this.#batch);
      const waiters = this.#waiters;
      this.#batch = [];
      this.#waiters = [];
      try {
        if (this.#bytes + batch.length > 2 * this.#liveBytes + SLACK_BYTES) await this.#rewrite();
        await this.#file.appendFile(batch);
        await this.#file.datasync();
        this.#bytes += batch.length;
        for (const { resolve } of waiters) resolve();
      } catch (error) {
        // What was written in part must not stand before later frames.
        await this.#file.truncate(this.#bytes).catch(() => {
          this.#closed = true;
        });
        for (const { reject } of waiters) reject(failure(this.#path, error));
      }
    }
    this.#flushing = undefined;
  }

  /** A crash leaves either the old log or the new one under the name. */
  async #rewrite(): Promise<void> {
    const next = `${this.#path}.new`;
    const file = await open(next, "w");
    const content = Buffer.concat([MAGIC, encodeFrame([...this.#live()].map(encodeRecord))]);
    await file.writeFile(content);
    await file.datasync();
    await file.close();
    await rename(next, this.#path);
    await syncFolder(this.#path);
    await this.#file.close();
    this.#file = await open(this.#path, "a");
    this.#bytes = content.length;
    this.#liveBytes = content.length;
  }
}

/** A new name is durable only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
