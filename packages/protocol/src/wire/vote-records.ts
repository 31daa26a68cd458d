import { readSeats } from "../bytes/fields.ts";
import type { Reader } from "../bytes/reader.ts";
import type { Writer } from "../bytes/writer.ts";
import type { VoteKind, VoteRecord } from "../consensus/types.ts";
import { MAX_VOTE_RECORDS } from "./limits.ts";

const kinds: readonly VoteKind[] = ["est", "aux", "conf", "done"];

export const VOTE_RECORD_BYTES: number = 1 + 2 + 8 + 8;

export function writeVoteRecords(writer: Writer, records: readonly VoteRecord[]): void {
  writer.u16(records.length);
  for (const record of records) {
    writer.u8(kinds.indexOf(record.kind)).u16(record.round).u64(record.zeros).u64(record.ones);
  }
}

/** At least one record, none of them empty, DONE in round 0. A seat in both values of AUX or DONE is evidence, so it passes. */
export function readVoteRecords(reader: Reader, members: number): VoteRecord[] {
  const count = reader.u16();
  if (count === 0 || count > MAX_VOTE_RECORDS || count * VOTE_RECORD_BYTES > reader.remaining) {
    reader.fail();
    return [];
  }
  const records: VoteRecord[] = [];
  for (let i = 0; i < count; i++) {
    const kind = kinds[reader.u8()];
    const round = reader.u16();
    const zeros = readSeats(reader, members);
    const ones = readSeats(reader, members);
    if (kind === undefined || (zeros | ones) === 0n || (kind === "done" && round !== 0)) {
      reader.fail();
      return [];
    }
    records.push({ kind, round, zeros, ones });
  }
  return records;
}
