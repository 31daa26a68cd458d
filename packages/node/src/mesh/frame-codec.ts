// What travels on a link: u32 length of the rest, u8 type, then by type
//   JOIN   u16 index, 32 bytes group   the sender serves this group and names it by the index from now on
//   LEAVE  u16 index
//   DATA   u16 index, u8 channel, u8 more, a chunk of a message; more = 1: the message goes on in the next DATA of the same
//          index and channel, and the chunk is full
//   PING, PONG

import type { HexHash } from "@tributary/protocol/consensus/types";
import type { Channel } from "../consensus/ports.ts";

/** Position is the channel's byte on the wire and its priority. */
export const CHANNELS: readonly Channel[] = ["votes", "shares", "bodies", "snapshots"];

const LENGTH_BYTES = 4;
const DATA_HEADER_BYTES: number = LENGTH_BYTES + 5;
/** Bytes of a message in one frame: a frame fills one TLS record of 16 KiB. */
export const CHUNK_BYTES: number = 16_384 - DATA_HEADER_BYTES;
const MAX_LENGTH: number = 5 + CHUNK_BYTES;

const JOIN = 0;
const LEAVE = 1;
const DATA = 2;
const PING = 3;
const PONG = 4;

export type Frame =
  | { readonly kind: "join"; readonly index: number; readonly group: HexHash }
  | { readonly kind: "leave"; readonly index: number }
  | {
      readonly kind: "data";
      readonly index: number;
      readonly channel: number;
      readonly more: boolean;
      /** A view on the socket's buffer: copy before keeping. */
      readonly chunk: Uint8Array;
    }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" };

export function joinFrame(index: number, group: HexHash): Buffer {
  const frame = Buffer.alloc(LENGTH_BYTES + 35);
  frame.writeUInt32BE(35, 0);
  frame.writeUInt8(JOIN, 4);
  frame.writeUInt16BE(index, 5);
  frame.write(group.slice(2), 7, "hex");
  return frame;
}

export function leaveFrame(index: number): Buffer {
  return Buffer.of(0, 0, 0, 3, LEAVE, index >> 8, index & 0xff);
}

export const PING_FRAME: Buffer = Buffer.of(0, 0, 0, 1, PING);
export const PONG_FRAME: Buffer = Buffer.of(0, 0, 0, 1, PONG);

/** What precedes `length` bytes of a chunk. */
export function dataHeader(index: number, channel: number, more: boolean, length: number): Buffer {
  const header = Buffer.allocUnsafe(DATA_HEADER_BYTES);
  header.writeUInt32BE(5 + length, 0);
  header.writeUInt8(DATA, 4);
  header.writeUInt16BE(index, 5);
  header.writeUInt8(channel, 7);
  header.writeUInt8(more ? 1 : 0, 8);
  return header;
}

/** Cuts a byte stream from a peer into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Calls `handle` for each complete frame until it returns false; false where the stream is malformed or refused. */
  push(bytes: Buffer, handle: (frame: Frame) => boolean): boolean {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (all.length - at >= LENGTH_BYTES) {
      const length = all.readUInt32BE(at);
      if (length === 0 || length > MAX_LENGTH) return false;
      if (all.length - at < LENGTH_BYTES + length) break;
      const frame = parse(all.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length));
      if (frame === undefined || !handle(frame)) return false;
      at += LENGTH_BYTES + length;
    }
    // A copy, so that a few bytes do not hold the socket's whole buffer.
    this.#rest = Buffer.from(all.subarray(at));
    return true;
  }
}

function parse(bytes: Buffer): Frame | undefined {
  switch (bytes[0]) {
    case JOIN:
      if (bytes.length !== 35) return undefined;
      return { kind: "join", index: bytes.readUInt16BE(1), group: `0x${bytes.toString("hex", 3)}` };
    case LEAVE:
      return bytes.length === 3 ? { kind: "leave", index: bytes.readUInt16BE(1) } : undefined;
    case DATA: {
      if (bytes.length < 5) return undefined;
      const channel = bytes.readUInt8(3);
      const more = bytes.readUInt8(4);
      const chunk = bytes.subarray(5);
      if (channel >= CHANNELS.length || more > 1 || (more === 1 && chunk.length !== CHUNK_BYTES)) return undefined;
      return { kind: "data", index: bytes.readUInt16BE(1), channel, more: more === 1, chunk };
    }
    case PING:
      return bytes.length === 1 ? { kind: "ping" } : undefined;
    case PONG:
      return bytes.length === 1 ? { kind: "pong" } : undefined;
    default:
      return undefined;
  }
}
