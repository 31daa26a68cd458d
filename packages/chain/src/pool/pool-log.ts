import { basename, dirname } from "node:path";
import { crc32 } from "node:zlib";
import { uint } from "@tributary/protocol/bytes/bytes";
import { otherFormat } from "@tributary/protocol/files/other-format";
import { readWhole, replaceWhole, writeWhole } from "@tributary/protocol/files/whole-file";
import type { AppendFile, FileLayer } from "@tributary/protocol/ports/file-layer";
import { ChainError } from "../chain-error.ts";
import { diskFolder } from "../files/disk-folder.ts";

/** A transaction as logged: what survives a crash of every process. */
export type LoggedTransaction = { readonly raw: Uint8Array; readonly age: number };

// After the format's name a log is a sequence of frames; a frame is what one flush wrote: u32 magic, u32 length of the
// payload, u32 CRC-32 of the payload, payload = (u32 length, u32 age, raw)*. A frame is written only after the one
// before it is durable: a bad one with a good one behind it is damage, with none it is a write that was cut off.
const HEAD_BYTES = 12;
const FRAME: Uint8Array = uint(0x7450_6c66, 4);
/** Name and version of the format: another file under this name is refused, not overwritten. */
const FORMAT = 2;
const MAGIC: Uint8Array = new TextEncoder().encode(`tributary-pool-${FORMAT}\n`);
const ANY_MAGIC = /^tributary-pool-(\d{1,4})\n/;
/** Bytes of dead records that are always tolerated before the log is written anew. A start recovers the sender of each. */
const SLACK_BYTES = 256 * 1024;

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

/** Why a file that does not begin as this version's does is not opened. */
function foreign(path: string, bytes: Buffer): string {
  const found = ANY_MAGIC.exec(bytes.toString("latin1", 0, 32))?.[1];
  return found === undefined ? `${path} is not a pool's log` : otherFormat(path, Number(found), FORMAT);
}

function failure(path: string, error: unknown): ChainError {
  const why = error instanceof Error ? error.message : String(error);
  return new ChainError("pool-log", `the pool's log ${path} failed: ${why}`, { cause: error });
}

type Waiter = { readonly resolve: () => void; readonly reject: (error: ChainError) => void };

/**
 * Append-only log of accepted transactions. `append` resolves once the record is on disk; all that wait share one
 * flush. Nothing is removed singly: when most of the log is dead it is written anew from what still waits.
 */
export class PoolLog {
  readonly #path: string;
  readonly #files: FileLayer;
  /** What still waits; asked when the log is written anew. */
  readonly #live: () => Iterable<LoggedTransaction>;
  #file: AppendFile;
  /** The name stands for the file on disk too. */
  #named = true;
  #bytes: number;
  /** As of the last time that it was written anew; what a start finds may all be dead. */
  #liveBytes = 0;
  #batch: Uint8Array[] = [];
  #waiters: Waiter[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;
  /** Much of it waits no longer, so that it is to be written anew whatever its size. */
  #stale = false;
  /** A partial write could not be cut off: nothing may follow it. */
  #spoilt = false;

  private constructor(
    path: string,
    files: FileLayer,
    file: AppendFile,
    bytes: number,
    live: () => Iterable<LoggedTransaction>,
  ) {
    this.#path = path;
    this.#files = files;
    this.#file = file;
    this.#bytes = bytes;
    this.#live = live;
  }

  /**
   * Opens or creates the log. A torn tail is cut off: what it held was never acknowledged. The rest is written anew: a
   * process before this one may have died before its sync, and who sends such a transaction again is told that it is
   * known.
   */
  static async open(
    path: string,
    live: () => Iterable<LoggedTransaction>,
    files: FileLayer = diskFolder(dirname(path)),
  ): Promise<{ readonly log: PoolLog; readonly records: readonly LoggedTransaction[] }> {
    const name = basename(path);
    try {
      const bytes = files.list().includes(name) ? Buffer.from(readWhole(files, name)) : Buffer.alloc(0);
      // Fewer bytes than the magic: the process died while it created the file.
      const known = MAGIC.subarray(0, bytes.length).every((byte, i) => byte === bytes[i]);
      if (!known) throw new ChainError("pool-log", foreign(path, bytes));
      const created = bytes.length < MAGIC.length;
      const { records, end, damaged } = created ? { records: [], end: MAGIC.length, damaged: false } : decode(bytes);
      if (damaged) throw new ChainError("pool-log", `the pool's log ${path} is damaged at offset ${end}`);
      await replaceWhole(files, name, created ? MAGIC : bytes.subarray(0, end));
      return { log: new PoolLog(path, files, await files.append(name), end, live), records };
    } catch (error) {
      throw error instanceof ChainError ? error : failure(path, error);
    }
  }

  /** Resolves when the record is durable. ChainError `pool-log` when the disk refuses. */
  append(record: LoggedTransaction): Promise<void> {
    return this.#enter(encodeRecord(record));
  }

  /** Writes the log anew: resolves when it holds what still waits and nothing else. Rejects as `append` does. */
  renew(): Promise<void> {
    this.#stale = true;
    return this.#enter(new Uint8Array(0));
  }

  /** Flushes what was appended and closes the file. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#flushing;
    await this.#file.close();
  }

  #enter(record: Uint8Array): Promise<void> {
    if (this.#closed) return Promise.reject(new ChainError("closed", "the pool's log is closed"));
    this.#batch.push(record);
    const durable = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    this.#flushing ??= this.#flush();
    return durable;
  }

  async #flush(): Promise<void> {
    while (this.#batch.length > 0) {
      const batch = encodeFrame(this.#batch);
      const waiters = this.#waiters;
      this.#batch = [];
      this.#waiters = [];
      try {
        if (this.#spoilt) throw new Error("an earlier write is in it in part");
        if (this.#stale || this.#bytes + batch.length > 2 * this.#liveBytes + SLACK_BYTES) await this.#rewrite();
        if (!this.#named) await this.#files.syncFolder();
        this.#named = true;
        await writeWhole(this.#file, batch);
        await this.#file.sync();
        this.#bytes += batch.length;
        for (const { resolve } of waiters) resolve();
      } catch (error) {
        if (!this.#spoilt) this.#cut();
        for (const { reject } of waiters) reject(failure(this.#path, error));
      }
    }
    this.#flushing = undefined;
  }

  /** What was written in part must not stand before later frames. */
  #cut(): void {
    try {
      this.#files.truncate(basename(this.#path), this.#bytes);
    } catch {
      this.#spoilt = true;
    }
  }

  /** A crash leaves either the old log or the new one under the name. */
  async #rewrite(): Promise<void> {
    const name = basename(this.#path);
    const content = Buffer.concat([MAGIC, encodeFrame([...this.#live()].map(encodeRecord))]);
    const next = await this.#beside(`${name}.new`, content);
    await this.#files.rename(`${name}.new`, name);
    const old = this.#file;
    this.#file = next;
    this.#named = false;
    this.#stale = false;
    this.#bytes = content.length;
    this.#liveBytes = content.length;
    await old.close();
  }

  /** A synced file with the content, still open. */
  async #beside(name: string, content: Uint8Array): Promise<AppendFile> {
    if (this.#files.list().includes(name)) await this.#files.remove(name);
    const file = await this.#files.append(name);
    try {
      await writeWhole(file, content);
      await file.sync();
      return file;
    } catch (error) {
      await file.close();
      // It takes the room that is missing.
      await this.#files.remove(name).catch(() => undefined);
      throw error;
    }
  }
}
