// Evidence in bytes, big-endian: u8 version ‖ u8 kind ‖ slot (group, u32 era, u32 epoch, u64 height) ‖ u16 seat ‖
//   proposal, decide, final: two statements
//   ack:                     u16 proposer ‖ two statements
//   aux, conf, done:         u8 messages (1 or 2) ‖ u16 record of the first ‖ u16 record of the last ‖
//                            for each message: u16 count ‖ records ‖ signature
// where a statement is content ‖ signature (65 bytes). Of two statements the one with the lower value comes first (see
// `statementValue`), so that a pair has one encoding. Never more than MAX_EVIDENCE_BYTES.

import { readSeat } from "../bytes/fields.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import { NODE_SIGNATURE_BYTES } from "../crypto/secp256k1.ts";
import { MAX_EVIDENCE_BYTES, MAX_VOTE_RECORDS } from "../wire/limits.ts";
import { PROPOSAL_FIELDS_BYTES } from "../wire/proposal-header.ts";
import { readSlot, writeSlot } from "../wire/slot.ts";
import { VOTE_RECORD_BYTES } from "../wire/vote-records.ts";
import { EVIDENCE_KINDS, type Evidence, type EvidenceKind, type Statement, type VoteFault } from "./evidence.ts";

const VERSION = 1;
/** Any committee has fewer; whether this one has the seat is a verdict of its own. */
const MAX_SEATS = 64;
const SEAT_BYTES = 2;
const HASH_AND_SHARE_BYTES = 32 + 96;

export function encodeEvidence(evidence: Evidence): Uint8Array {
  const writer = new Writer(1024);
  writer.u8(VERSION).u8(EVIDENCE_KINDS.indexOf(evidence.kind));
  writeSlot(writer, evidence);
  writer.u16(evidence.seat);
  if ("records" in evidence) {
    const [first, last] = evidence.records;
    writer.u8(evidence.statements.length).u16(first).u16(last);
    for (const { content, signature } of evidence.statements) {
      writer
        .u16(content.length / VOTE_RECORD_BYTES)
        .bytes(content)
        .bytes(signature);
    }
    return writer.finish();
  }
  if (evidence.kind === "ack") writer.u16(evidence.proposer);
  for (const { content, signature } of evidence.statements) writer.bytes(content).bytes(signature);
  return writer.finish();
}

/** The evidence that the bytes spell, or undefined: total, never throws. Says nothing of what it proves. */
export function decodeEvidence(bytes: Uint8Array): Evidence | undefined {
  if (bytes.length > MAX_EVIDENCE_BYTES) return undefined;
  const reader = new Reader(bytes);
  const version = reader.u8();
  const kind = EVIDENCE_KINDS[reader.u8()];
  const about = { ...readSlot(reader), seat: reader.u16() };
  if (version !== VERSION || kind === undefined) return undefined;
  const evidence: Evidence = isVoteFault(kind)
    ? { ...about, kind, ...readMessages(reader) }
    : kind === "ack"
      ? { ...about, kind, proposer: readSeat(reader, MAX_SEATS), statements: readPair(reader, HASH_AND_SHARE_BYTES) }
      : { ...about, kind, statements: readPair(reader, contentBytes(kind)) };
  return reader.complete ? evidence : undefined;
}

export function isVoteFault(kind: EvidenceKind): kind is VoteFault {
  return kind === "aux" || kind === "conf" || kind === "done";
}

function contentBytes(kind: "proposal" | "decide" | "final"): number {
  return kind === "proposal" ? PROPOSAL_FIELDS_BYTES - SEAT_BYTES : HASH_AND_SHARE_BYTES;
}

function readPair(reader: Reader, length: number): readonly [Statement, Statement] {
  return [readStatement(reader, length), readStatement(reader, length)];
}

function readStatement(reader: Reader, length: number): Statement {
  return { content: reader.bytes(length), signature: reader.bytes(NODE_SIGNATURE_BYTES) };
}

function readMessages(reader: Reader): Pick<Extract<Evidence, { readonly kind: VoteFault }>, "statements" | "records"> {
  const messages = reader.u8();
  const records = [reader.u16(), reader.u16()] as const;
  const first = readMessage(reader, records[0]);
  if (messages === 1) {
    if (records[0] > records[1] || records[1] * VOTE_RECORD_BYTES >= first.content.length) reader.fail();
    return { statements: [first], records };
  }
  if (messages !== 2) reader.fail();
  return { statements: [first, readMessage(reader, records[1])], records };
}

/** Fails where the message has no record at `index`. */
function readMessage(reader: Reader, index: number): Statement {
  const count = reader.u16();
  if (count > MAX_VOTE_RECORDS || index >= count) reader.fail();
  return readStatement(reader, count * VOTE_RECORD_BYTES);
}
