// What the library would pass over in silence when it opens a folder: it takes one without CURRENT for new and deletes
// the rest, and drops records of a log that is bad in its middle although what was written after them stays.
//
// A log is blocks of 32 KiB. A block holds records: u32le masked CRC-32C of type and data, u16le length, u8 type
// (1 whole, 2 first, 3 middle, 4 last part), data; fewer than 7 bytes at a block's end are padding.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const LAST_TYPE = 4;
/** Replaced by the second one before a new database takes its first write. */
const FIRST_MANIFEST = "MANIFEST-000001";

/** Why the LevelDB in the folder must not be opened, or undefined. A log whose end is torn off is in order. */
export function levelDamage(folder: string): string | undefined {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const content = files.filter((file) => /^(MANIFEST-\d+|\d+\.(ldb|sst|log))$/.test(file));
  // Its making was cut short: nothing was written yet, and the library begins again.
  if (content.length === 1 && content[0] === FIRST_MANIFEST) return undefined;
  if (content.length > 0 && !files.includes("CURRENT")) return `${join(folder, "CURRENT")} is missing`;
  for (const file of content.filter((name) => name.endsWith(".log")).sort()) {
    const path = join(folder, file);
    const at = damagedAt(readFileSync(path));
    if (at !== undefined) return `${path} is damaged at offset ${at}`;
  }
  return undefined;
}

/** Offset of the first bad record that has a good one behind it. */
function damagedAt(log: Buffer): number | undefined {
  let bad: number | undefined;
  for (let block = 0; block < log.length; block += BLOCK_BYTES) {
    const end = Math.min(block + BLOCK_BYTES, log.length);
    let at = block;
    while (at + HEADER_BYTES <= end) {
      const next = recordEnd(log, at, end);
      if (next === undefined) {
        bad ??= at;
        // Where the next record begins cannot be known: any place may be it.
        at++;
      } else if (bad === undefined) at = next;
      else return bad;
    }
  }
  return undefined;
}

/** Where the good record at `at` ends, or undefined. */
function recordEnd(log: Buffer, at: number, end: number): number | undefined {
  const type = log.readUInt8(at + 6);
  const next = at + HEADER_BYTES + log.readUInt16LE(at + 4);
  if (type === 0 || type > LAST_TYPE || next > end) return undefined;
  return masked(crc32c(log, at + 6, next)) === log.readUInt32LE(at) ? next : undefined;
}

function masked(sum: number): number {
  return (((sum >>> 15) | (sum << 17)) + 0xa282_ead8) >>> 0;
}

/** CRC-32C (Castagnoli), reflected. */
const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f6_3b78 : value >>> 1;
  return value;
});

function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0xffff_ffff;
  for (let i = start; i < end; i++) sum = (sum >>> 8) ^ (table[(sum ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return (sum ^ 0xffff_ffff) >>> 0;
}
