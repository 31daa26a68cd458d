// A log file is a sequence of frames; a frame is what one flush wrote:
//   u24 magic, u8 format, u64 sequence, u32 payload length, u32 crc32(sequence ‖ length ‖ payload), payload = (u32 length, record)*
// A frame is written only after the one before it is durable. So a bad frame with a good one behind it is damage; a bad
// frame with nothing good behind it is a write that a crash cut off, and nothing relied on it yet.

import { crc32 } from "node:zlib";

export const FRAME_HEADER_BYTES = 20;
/** The last byte is raised when the meaning of the bytes changes, those of the records included. */
const MAGIC = 0x7452_4c67;
const FORMAT_BITS = 0xff;
/** What the first format has for its last byte. */
const FIRST_FORMAT = 0x66;
export const LOG_FORMAT: number = (MAGIC & FORMAT_BITS) - FIRST_FORMAT;

/** One frame with the records. */
export function encodeFrame(sequence: number, records: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const record of records) length += 4 + record.length;
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  frame.writeUInt32BE(MAGIC, 0);
  frame.writeBigUInt64BE(BigInt(sequence), 4);
  frame.writeUInt32BE(length, 12);
  let at = FRAME_HEADER_BYTES;
  for (const record of records) {
    at = frame.writeUInt32BE(record.length, at);
    frame.set(record, at);
    at += record.length;
  }
  frame.writeUInt32BE(checksum(frame, length), 16);
  return frame;
}

export type Scan = {
  readonly records: readonly Uint8Array[];
  /** Bytes up to the end of the last good frame. */
  readonly end: number;
  /** Sequence number that the next frame gets. */
  readonly next: number;
  /** Offset of a bad frame that has a good one behind it. */
  readonly damagedAt: number | undefined;
  /** Format of the frame behind the last good one, where another version wrote it. */
  readonly foreign: number | undefined;
};

/**
 * Reads frames numbered from `sequence` (undefined: from wherever the first good frame starts) up to the first that is
 * missing, bad or misplaced.
 */
export function scanFrames(file: Uint8Array, sequence: number | undefined): Scan {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  let end = 0;
  let next = sequence ?? (frameLength(bytes, 0) === undefined ? 0 : Number(bytes.readBigUInt64BE(4)));
  for (;;) {
    const length = frameLength(bytes, end);
    if (length === undefined || Number(bytes.readBigUInt64BE(end + 4)) !== next) break;
    const payload = bytes.subarray(end + FRAME_HEADER_BYTES, end + FRAME_HEADER_BYTES + length);
    for (let at = 0; at < payload.length; ) {
      const size = payload.readUInt32BE(at);
      // A plain Uint8Array: slice of a Buffer would be a view and not a copy.
      records.push(new Uint8Array(payload.buffer, payload.byteOffset + at + 4, size));
      at += 4 + size;
    }
    end += FRAME_HEADER_BYTES + length;
    next++;
  }
  const damagedAt = hasLaterFrame(bytes, end, next) ? end : undefined;
  return { records, end, next, damagedAt, foreign: foreignFormat(bytes, end) };
}

/** A write that was cut off leaves this version's magic, a part of it, or zeros: never another version's. */
function foreignFormat(bytes: Buffer, at: number): number | undefined {
  if (at + 4 > bytes.length) return undefined;
  const magic = bytes.readUInt32BE(at);
  const same = magic >>> 8 === MAGIC >>> 8 && (magic & FORMAT_BITS) > FIRST_FORMAT;
  return same && magic !== MAGIC ? (magic & FORMAT_BITS) - FIRST_FORMAT : undefined;
}

/** Payload length of a whole and correct frame at `at`, or undefined. */
function frameLength(bytes: Buffer, at: number): number | undefined {
  if (at + FRAME_HEADER_BYTES > bytes.length || bytes.readUInt32BE(at) !== MAGIC) return undefined;
  const length = bytes.readUInt32BE(at + 12);
  if (length > bytes.length - at - FRAME_HEADER_BYTES) return undefined;
  return checksum(bytes.subarray(at), length) === bytes.readUInt32BE(at + 16) ? length : undefined;
}

function checksum(frame: Uint8Array, length: number): number {
  return crc32(frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length), crc32(frame.subarray(4, 16)));
}

const magicBytes = Uint8Array.of(MAGIC >>> 24, (MAGIC >>> 16) & 0xff, (MAGIC >>> 8) & 0xff, MAGIC & 0xff);

/** Whether a good frame with number `next` or above begins anywhere behind `from`. */
function hasLaterFrame(bytes: Buffer, from: number, next: number): boolean {
  for (let at = bytes.indexOf(magicBytes, from); at >= 0; at = bytes.indexOf(magicBytes, at + 1)) {
    if (frameLength(bytes, at) !== undefined && Number(bytes.readBigUInt64BE(at + 4)) >= next) return true;
  }
  return false;
}
