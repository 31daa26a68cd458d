import { otherFormat } from "@tributary/protocol/files/other-format";
import { readWhole, replaceWhole, writeWhole } from "@tributary/protocol/files/whole-file";
import type { AppendFile, FileLayer } from "@tributary/protocol/ports/file-layer";
import type { InputLog } from "../consensus/ports.ts";
import { NodeError } from "../fault/node-error.ts";
import { encodeFrame, FRAME_HEADER_BYTES, LOG_FORMAT, scanFrames } from "./frame.ts";

type Operation =
  | { readonly kind: "append"; readonly record: Uint8Array }
  | { readonly kind: "flush"; readonly done: () => void }
  | { readonly kind: "rotate"; readonly base: Uint8Array }
  | { readonly kind: "prune" };

/** Bytes of one record; a larger one is a bug of the caller. */
export const MAX_RECORD_BYTES: number = 64 * 1024 * 1024;
/** Appended bytes that are written even if nobody asks for a flush. */
const UNASKED_BYTES: number = 1024 * 1024;

const name = /^(\d{10})\.segment$/;

/** What a start found: the sound bytes of the newest segment, and a file that a crash left before its first frame was whole. */
type Found = { readonly newest: Uint8Array | undefined; readonly unborn: string | undefined };

type Start = {
  readonly numbers: number[];
  readonly records: readonly Uint8Array[];
  readonly sequence: number;
  readonly bytes: number;
  readonly found: Found | undefined;
};

/**
 * An append-only log in numbered segment files with group commit: while one write and its fdatasync run, everything
 * asked meanwhile is gathered for the next one. Order of calls is kept throughout.
 */
export class SegmentLog implements InputLog {
  readonly #files: FileLayer;
  readonly #failed: (error: Error) => void;
  readonly #segments: number[];
  #records: readonly Uint8Array[] | undefined;
  #sequence: number;
  #bytes: number;
  /** Segments after the queued rotations and prunings. */
  #planned: number;
  #file: AppendFile | undefined;
  #queue: Operation[] = [];
  #working: Promise<void> | undefined;
  #closed = false;
  #flushes = 0;
  /** Bytes of appended records since the last write began. */
  #unasked = 0;
  /** Until the first write: what was read may be in the system's memory only. */
  #found: Found | undefined;

  /**
   * Reads the folder. Throws `log-damaged` naming file and offset where bytes before the end are bad, `log-format` where
   * another version wrote on; a torn end is left out.
   * `failed` is called once, with `log-failed` when the disk refuses a write or with what a callback threw: from then on
   * no flush calls back.
   */
  static open(files: FileLayer, failed: (error: Error) => void): SegmentLog {
    const numbers = files
      .list()
      .flatMap((file) => name.exec(file)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
    const records: Uint8Array[] = [];
    let sequence = 0;
    let newest: Uint8Array | undefined;
    let unborn: string | undefined;
    for (const [i, number] of numbers.entries()) {
      const file = fileName(number);
      if (i > 0 && number !== (numbers[i - 1] ?? 0) + 1)
        throw damaged(files, file, 0, "the segment before it is missing");
      const content = readWhole(files, file);
      // The oldest kept segment may start at any number, since older ones were pruned.
      const scan = scanFrames(content, i === 0 ? undefined : sequence);
      if (scan.foreign !== undefined) {
        throw new NodeError("log-format", otherFormat(files.path(file), scan.foreign, LOG_FORMAT));
      }
      const last = i === numbers.length - 1;
      // A later segment is begun, and an older one deleted, only when what came before is durable.
      const cut = scan.end < content.length || scan.end === 0;
      if (scan.damagedAt !== undefined || (cut && !last) || (scan.end === 0 && i === 0 && number > 0)) {
        throw damaged(files, file, scan.end, "bad checksum or missing bytes");
      }
      if (scan.end === 0) {
        unborn = file;
        break;
      }
      for (const record of scan.records) records.push(record);
      sequence = scan.next;
      newest = content.subarray(0, scan.end);
    }
    if (unborn !== undefined) numbers.pop();
    const found = newest === undefined && unborn === undefined ? undefined : { newest, unborn };
    return new SegmentLog(files, failed, { numbers, records, sequence, bytes: newest?.length ?? 0, found });
  }

  private constructor(files: FileLayer, failed: (error: Error) => void, start: Start) {
    this.#files = files;
    this.#failed = failed;
    this.#segments = start.numbers;
    this.#records = start.records;
    this.#sequence = start.sequence;
    this.#bytes = start.bytes;
    this.#found = start.found;
    this.#planned = start.numbers.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get segments(): number {
    return Math.max(1, this.#planned);
  }

  /** Completed fdatasyncs. */
  get flushes(): number {
    return this.#flushes;
  }

  replay(): Iterable<Uint8Array> {
    return this.#records ?? [];
  }

  append(record: Uint8Array): void {
    if (record.length > MAX_RECORD_BYTES) throw new RangeError(`record of ${record.length} bytes`);
    this.#bytes += 4 + record.length;
    this.#planned = this.segments;
    this.#push({ kind: "append", record });
  }

  flush(done: () => void): void {
    this.#push({ kind: "flush", done });
  }

  rotate(base: Uint8Array): void {
    this.#bytes = FRAME_HEADER_BYTES + 4 + base.length;
    this.#planned++;
    this.#push({ kind: "rotate", base });
  }

  prune(): void {
    this.#planned = 1;
    this.#push({ kind: "prune" });
  }

  /** Writes what is queued and closes. Flushes that were accepted call back before this resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    await (this.#working ?? this.#work());
    await this.#file?.close();
    this.#file = undefined;
  }

  #push(operation: Operation): void {
    if (this.#closed) return;
    this.#records = undefined;
    this.#queue.push(operation);
    if (operation.kind === "append") this.#unasked += operation.record.length;
    if (this.#due()) this.#working ??= this.#work();
  }

  /** Appending alone asks for nothing: a synced write costs as much as many records. */
  #due(): boolean {
    if (this.#closed || this.#unasked >= UNASKED_BYTES) return this.#queue.length > 0;
    return this.#queue.some(({ kind }) => kind !== "append");
  }

  async #work(): Promise<void> {
    try {
      // The rest of this turn joins the first group.
      await Promise.resolve();
      while (this.#due()) await this.#next();
    } catch (error) {
      this.#closed = true;
      this.#queue = [];
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#working = undefined;
    }
  }

  /** Takes what is queued up to a rotation or pruning, or that one. */
  async #next(): Promise<void> {
    this.#unasked = 0;
    if (this.#found !== undefined) await this.#disk(() => this.#settle());
    const border = this.#queue.findIndex(({ kind }) => kind === "rotate" || kind === "prune");
    const group = this.#queue.splice(0, border < 0 ? this.#queue.length : Math.max(border, 1));
    const head = group[0];
    if (head?.kind === "rotate") return this.#disk(() => this.#rotateNow(head.base));
    if (head?.kind === "prune") return this.#disk(() => this.#pruneNow());
    const records = group.flatMap((operation) => (operation.kind === "append" ? [operation.record] : []));
    if (records.length > 0) await this.#disk(() => this.#write(records));
    for (const operation of group) if (operation.kind === "flush") operation.done();
  }

  async #disk(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new NodeError("log-failed", `cannot write ${this.#files.path(fileName(this.#newest()))}: ${reason}`, {
        cause,
      });
    }
  }

  /**
   * Writes anew what a start read: the life before may have died between writing and syncing, or its sync failed, after
   * which the system holds pages for clean that the disk never saw. Nothing is said on the strength of those.
   */
  async #settle(): Promise<void> {
    const { newest, unborn } = this.#found ?? {};
    if (unborn !== undefined) await this.#files.remove(unborn);
    if (newest === undefined) await this.#files.syncFolder();
    else await replaceWhole(this.#files, fileName(this.#newest()), newest);
    this.#found = undefined;
  }

  async #write(records: readonly Uint8Array[]): Promise<void> {
    const created = this.#segments.length === 0;
    if (created) this.#segments.push(0);
    this.#file ??= await this.#files.append(fileName(this.#newest()));
    await writeWhole(this.#file, encodeFrame(this.#sequence, records));
    await this.#file.sync();
    if (created) await this.#files.syncFolder();
    this.#sequence++;
    this.#flushes++;
  }

  async #rotateNow(base: Uint8Array): Promise<void> {
    await this.#file?.close();
    const next = this.#segments.length === 0 ? 0 : this.#newest() + 1;
    this.#file = await this.#files.append(fileName(next));
    await writeWhole(this.#file, encodeFrame(this.#sequence, [base]));
    await this.#file.sync();
    await this.#files.syncFolder();
    this.#segments.push(next);
    this.#sequence++;
    this.#flushes++;
  }

  /** Oldest first, so that a crash in between leaves no hole. */
  async #pruneNow(): Promise<void> {
    const old = this.#segments.splice(0, this.#segments.length - 1);
    for (const number of old) await this.#files.remove(fileName(number));
    if (old.length > 0) await this.#files.syncFolder();
  }

  #newest(): number {
    return this.#segments.at(-1) ?? 0;
  }
}

function fileName(number: number): string {
  return `${String(number).padStart(10, "0")}.segment`;
}

function damaged(files: FileLayer, file: string, offset: number, what: string): NodeError {
  return new NodeError("log-damaged", `log ${files.path(file)} is damaged at offset ${offset}: ${what}`);
}
