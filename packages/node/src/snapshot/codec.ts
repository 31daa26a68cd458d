import { Reader } from "@tributary/protocol/bytes/reader";
import { Writer } from "@tributary/protocol/bytes/writer";

// What members say to each other about snapshots: u8 kind, u32 number of the question, then the fields in their order.
// An answer repeats the number of its question.

/** Part of the manifest: one beyond the last bucket. */
export const MANIFEST_PART = 256;
/** Bytes of a run or manifest in one answer. */
export const PIECE_BYTES: number = 512 * 1024;
/** Codes in one question; Prague's largest is 24 KiB, so that any of them fit an answer. */
export const MAX_CODES = 128;
export const MAX_SNAPSHOT_MESSAGE_BYTES: number = PIECE_BYTES + 64 + 8 * MAX_CODES;

export type SnapshotQuestion =
  /** Which snapshot is there? None: make one of the block `at` when it is committed. */
  | { readonly kind: "want"; readonly id: number; readonly at: number }
  /** Bytes from `offset` on of the buckets first..last, one after the other, or of the manifest. */
  | {
      readonly kind: "get";
      readonly id: number;
      readonly block: number;
      readonly first: number;
      readonly last: number;
      readonly offset: number;
    }
  | { readonly kind: "get-codes"; readonly id: number; readonly hashes: readonly Uint8Array[] };

export type SnapshotAnswer =
  /** `block` 0: none so far. */
  | { readonly kind: "offer"; readonly id: number; readonly block: number; readonly manifestBytes: number }
  | { readonly kind: "piece"; readonly id: number; readonly bytes: Uint8Array }
  /** In the order of the question; ends before one that is not there. */
  | { readonly kind: "codes"; readonly id: number; readonly codes: readonly Uint8Array[] }
  /** That snapshot is not there any more. */
  | { readonly kind: "gone"; readonly id: number };

export type SnapshotMessage = SnapshotQuestion | SnapshotAnswer;

export function isQuestion(message: SnapshotMessage): message is SnapshotQuestion {
  return message.kind === "want" || message.kind === "get" || message.kind === "get-codes";
}

const KINDS: readonly SnapshotMessage["kind"][] = ["want", "get", "get-codes", "offer", "piece", "codes", "gone"];

export function encodeSnapshotMessage(message: SnapshotMessage): Uint8Array {
  const writer = new Writer(64).u8(KINDS.indexOf(message.kind)).u32(message.id);
  switch (message.kind) {
    case "want":
      return writer.u48(message.at).finish();
    case "get":
      return writer.u48(message.block).u16(message.first).u16(message.last).u48(message.offset).finish();
    case "get-codes":
      for (const hash of message.hashes) writer.bytes(hash);
      return writer.finish();
    case "offer":
      return writer.u48(message.block).u32(message.manifestBytes).finish();
    case "piece":
      return writer.bytes(message.bytes).finish();
    case "codes":
      for (const code of message.codes) writer.u32(code.length).bytes(code);
      return writer.finish();
    case "gone":
      return writer.finish();
  }
}

/** Undefined where the bytes are no message. Byte strings are views. */
export function decodeSnapshotMessage(bytes: Uint8Array): SnapshotMessage | undefined {
  if (bytes.length > MAX_SNAPSHOT_MESSAGE_BYTES) return undefined;
  const reader = new Reader(bytes);
  const message = read(reader);
  return reader.complete ? message : undefined;
}

function read(reader: Reader): SnapshotMessage | undefined {
  const kind = KINDS[reader.u8()];
  const id = reader.u32();
  switch (kind) {
    case "want":
      return { kind, id, at: reader.u48() };
    case "get":
      return readGet(reader, id);
    case "get-codes": {
      const hashes: Uint8Array[] = [];
      while (reader.ok && reader.remaining > 0 && hashes.length < MAX_CODES) hashes.push(reader.bytes(32));
      return { kind, id, hashes };
    }
    case "offer":
      return { kind, id, block: reader.u48(), manifestBytes: reader.u32() };
    case "piece":
      return { kind, id, bytes: reader.bytes(reader.remaining) };
    case "codes": {
      const codes: Uint8Array[] = [];
      while (reader.ok && reader.remaining > 0 && codes.length < MAX_CODES) codes.push(reader.bytes(reader.u32()));
      return { kind, id, codes };
    }
    case "gone":
      return { kind, id };
    default:
      return undefined;
  }
}

function readGet(reader: Reader, id: number): SnapshotMessage | undefined {
  const get = { kind: "get" as const, id, block: reader.u48(), first: reader.u16(), last: reader.u16() };
  const offset = reader.u48();
  return get.first <= get.last && get.last <= MANIFEST_PART ? { ...get, offset } : undefined;
}
