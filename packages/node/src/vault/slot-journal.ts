import { Reader } from "@tributary/protocol/bytes/reader";
import { Writer } from "@tributary/protocol/bytes/writer";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { otherFormat } from "@tributary/protocol/files/other-format";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import type { SlotJournal } from "../consensus/ports.ts";
import { NodeError } from "../fault/node-error.ts";
import { SegmentLog } from "../log/segment-log.ts";

/** Locks kept; above that the oldest heights are closed. About 600 kB, read at each start. */
const MAX_LOCKS = 4_096;
/** Heights that stay open whatever they hold: many more than agreement has in work at a time. */
const MIN_HEIGHTS = 64;
/**
 * Bytes of the file after which it is written anew with what is kept, for a start reads it whole; more where what is kept
 * takes a good part of them.
 */
const COMPACT_BYTES: number = 1024 * 1024;
const COMPACT_SHARE = 4;

const LOCK = 0;
/** As versions before sessions wrote it. */
const OLD_BASE = 1;
const BASE = 2;
const SESSION = 3;
/** Only where the keys are in another process: others know nothing of it. */
const CONFIRMED = 4;
/** Later ones are of newer versions. */
const LAST_KIND: number = CONFIRMED;
const MAX_TEXT_BYTES = 256;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * One value for each slot, ever, in an append-only checksummed file with group commit. Memory and disk are bounded: heights
 * far below the newest are closed, and a closed height's slots are refused whatever the value, so nothing that was
 * forgotten can be contradicted.
 */
export class FileSlotJournal implements SlotJournal {
  readonly #log: SegmentLog;
  readonly #heights = new Map<number, Map<string, HexHash>>();
  #count = 0;
  /** Heights at or below are closed. */
  #floor = 0;
  /** Of the newest record of everything. */
  #baseBytes = 0;
  #session = 0;
  #confirmed = 0;
  /** What is to be the session when the silence ends. */
  #awaited: number | undefined;

  /** Throws `log-damaged` where the file is bad before its end, `log-format` where another version wrote it. `failed` as in SegmentLog. */
  static open(files: FileLayer, failed: (error: Error) => void): FileSlotJournal {
    const journal = new FileSlotJournal(SegmentLog.open(files, failed));
    for (const record of journal.#log.replay()) {
      const kind = record[0] ?? 0;
      if (kind > LAST_KIND)
        throw new NodeError("log-format", otherFormat(`slot journal ${files.path("")}`, kind, LAST_KIND));
      if (!journal.#restore(record)) {
        throw new NodeError("log-damaged", `slot journal ${files.path("")} holds a record that does not decode`);
      }
    }
    return journal;
  }

  private constructor(log: SegmentLog) {
    this.#log = log;
  }

  /** Completed synced writes. */
  get flushes(): number {
    return this.#log.flushes;
  }

  /** Locks in memory. */
  get size(): number {
    return this.#count;
  }

  /**
   * Number of the newest start that wrote here; 0 for none. The vault counts the starts too: a journal that knows of
   * fewer than the vault was lost or is an old copy.
   */
  get session(): number {
    return this.#session;
  }

  /** A new start; durable with the next flush. */
  begin(session: number): void {
    this.#session = session;
    this.#log.append(encodeRecord(SESSION, 0, session, []));
  }

  /** Newest start that a vault in another process has in its own record for certain; 0 for none. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Durable with the next flush. */
  confirm(session: number): void {
    this.#confirmed = session;
    this.#log.append(encodeRecord(CONFIRMED, 0, session, []));
  }

  /** The vault knows of `session`, this journal does not. */
  silence(session: number): void {
    this.#awaited = session;
  }

  get silent(): boolean {
    return this.#awaited !== undefined;
  }

  closed(height: number): boolean {
    return this.silent || height <= this.#floor;
  }

  remember(height: number): void {
    if (this.#awaited === undefined) return;
    this.#session = this.#awaited;
    this.#awaited = undefined;
    for (const [known, locks] of this.#heights) {
      if (known > height) continue;
      this.#count -= locks.size;
      this.#heights.delete(known);
    }
    this.#floor = Math.max(this.#floor, height);
    const base = this.#base();
    this.#baseBytes = base.length;
    this.#log.append(base);
    this.#confirmAgain();
  }

  lock(slot: string, value: HexHash): boolean {
    const height = slotHeight(slot);
    if (this.closed(height)) return false;
    const held = this.#heights.get(height)?.get(slot);
    if (held !== undefined) return held === value;
    this.#put(height, slot, value);
    this.#log.append(encodeRecord(LOCK, 0, 0, [[slot, value]]));
    if (this.#count > MAX_LOCKS) this.#close();
    const most = Math.max(COMPACT_BYTES, COMPACT_SHARE * this.#baseBytes);
    if (this.#log.bytes > most && this.#log.segments === 1) this.#compact();
    return true;
  }

  flush(done: () => void): void {
    this.#log.flush(done);
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  #put(height: number, slot: string, value: HexHash): void {
    let locks = this.#heights.get(height);
    if (locks === undefined) {
      locks = new Map();
      this.#heights.set(height, locks);
    }
    if (!locks.has(slot)) this.#count++;
    locks.set(slot, value);
  }

  /** Closes the oldest heights until half of the room is free. */
  #close(): void {
    const ascending = [...this.#heights.keys()].sort((a, b) => a - b);
    const closable = ascending.slice(0, Math.max(0, ascending.length - MIN_HEIGHTS));
    for (const height of closable) {
      if (this.#count <= MAX_LOCKS / 2) break;
      this.#count -= this.#heights.get(height)?.size ?? 0;
      this.#heights.delete(height);
      this.#floor = height;
    }
    // The floor is on disk with the next compaction; until then a restart reads the closed locks again.
  }

  #compact(): void {
    const base = this.#base();
    this.#baseBytes = base.length;
    this.#log.rotate(base);
    this.#confirmAgain();
    this.#log.prune();
  }

  #confirmAgain(): void {
    if (this.#confirmed > 0) this.#log.append(encodeRecord(CONFIRMED, 0, this.#confirmed, []));
  }

  /** All that is known. */
  #base(): Uint8Array {
    const locks = [...this.#heights.values()].flatMap((held) => [...held]);
    return encodeRecord(BASE, this.#floor, this.#session, locks);
  }

  #restore(record: Uint8Array): boolean {
    const decoded = decodeRecord(record);
    if (decoded === undefined) return false;
    if (decoded.kind === BASE || decoded.kind === OLD_BASE) {
      this.#baseBytes = record.length;
      this.#heights.clear();
      this.#count = 0;
      this.#floor = decoded.floor;
    }
    if (decoded.kind === BASE || decoded.kind === SESSION) this.#session = decoded.session;
    if (decoded.kind === CONFIRMED) this.#confirmed = decoded.session;
    for (const [slot, value] of decoded.locks) this.#put(slotHeight(slot), slot, value);
    return true;
  }
}

/** Slots are named <era>.<epoch>.<height>.<what> or, for what binds a certificate era, <era>.<height>.final. */
export function slotHeight(slot: string): number {
  const match = /^\d+\.(?:\d+\.(\d+)\.[a-z0-9.-]+|(\d+)\.final)$/.exec(slot);
  const height = Number(match?.[1] ?? match?.[2]);
  if (match === null || !Number.isSafeInteger(height) || slot.length > MAX_TEXT_BYTES) {
    throw new RangeError(`slot without a height: ${slot}`);
  }
  return height;
}

type JournalRecord = {
  readonly kind: number;
  readonly floor: number;
  readonly session: number;
  readonly locks: readonly (readonly [string, HexHash])[];
};

/** u8 kind ‖ u64 floor ‖ u64 session, but for locks and old bases ‖ u32 count ‖ slots and values as text. */
function encodeRecord(kind: number, floor: number, session: number, locks: JournalRecord["locks"]): Uint8Array {
  const writer = new Writer(64 + 80 * locks.length);
  writer.u8(kind).u64(BigInt(floor));
  if (kind >= BASE) writer.u64(BigInt(session));
  writer.u32(locks.length);
  for (const [slot, value] of locks) writer.sized(encoder.encode(slot)).sized(encoder.encode(value));
  return writer.finish();
}

function decodeRecord(record: Uint8Array): JournalRecord | undefined {
  const reader = new Reader(record);
  const kind = reader.u8();
  const floor = Number(reader.u64());
  const session = kind >= BASE ? Number(reader.u64()) : 0;
  const count = reader.u32();
  const locks: [string, HexHash][] = [];
  for (let i = 0; i < count && reader.ok; i++) {
    const slot = decoder.decode(reader.sized(MAX_TEXT_BYTES));
    locks.push([slot, decoder.decode(reader.sized(MAX_TEXT_BYTES)) as HexHash]);
  }
  return reader.complete && kind <= CONFIRMED ? { kind, floor, session, locks } : undefined;
}
