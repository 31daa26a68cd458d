import { toHex } from "@tributary/protocol/bytes/hex";
import { Reader } from "@tributary/protocol/bytes/reader";
import { Writer } from "@tributary/protocol/bytes/writer";
import type { Base, HexHash, Seat, Timer } from "@tributary/protocol/consensus/types";
import {
  CONTAINER_HEADER_BYTES,
  encodeContainerHeader,
  readContainerHeader,
} from "@tributary/protocol/container/codec";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import { hashBytes } from "@tributary/protocol/wire/index";

/** One record of the input log. What came over the wire is kept as it came: the frame and who sent it. */
export type LogRecord =
  | { readonly kind: "base"; readonly base: Base }
  /** From the own seat: the own proposal, or a certificate combined here. */
  | { readonly kind: "message"; readonly from: Seat; readonly message: Uint8Array }
  | { readonly kind: "work"; readonly pending: boolean }
  | { readonly kind: "coin"; readonly height: number; readonly seat: Seat; readonly round: number; readonly bit: 0 | 1 }
  | { readonly kind: "executed"; readonly header: ContainerHeader }
  | { readonly kind: "timer"; readonly timer: Timer }
  | { readonly kind: "border"; readonly first: number }
  /** From here on this member signs nothing, until a thaw. Zeros in place of an opening: the mainchain was silent. */
  | { readonly kind: "freeze"; readonly opening: HexHash }
  | { readonly kind: "thaw" };

const timerKinds: readonly Timer["kind"][] = ["heartbeat", "spacing", "ones", "zeros", "resync"];
const tags = { base: 0, message: 1, work: 2, coin: 3, executed: 4, timer: 5, border: 6, freeze: 7, thaw: 8 } as const;

export function encodeLogRecord(record: LogRecord): Uint8Array {
  switch (record.kind) {
    case "base":
      return encodeBase(record.base);
    case "message":
      return messageRecord(record.from, record.message);
    case "work":
      return Uint8Array.of(tags.work, record.pending ? 1 : 0);
    case "coin":
      return new Writer(16)
        .u8(tags.coin)
        .u64(BigInt(record.height))
        .u16(record.seat)
        .u16(record.round)
        .u8(record.bit)
        .finish();
    case "executed":
      return new Writer(1 + CONTAINER_HEADER_BYTES)
        .u8(tags.executed)
        .bytes(encodeContainerHeader(record.header))
        .finish();
    case "timer":
      return new Writer(16)
        .u8(tags.timer)
        .u8(timerKinds.indexOf(record.timer.kind))
        .u64(BigInt(record.timer.height))
        .finish();
    case "border":
      return new Writer(16).u8(tags.border).u64(BigInt(record.first)).finish();
    case "freeze":
      return new Writer(33).u8(tags.freeze).bytes(hashBytes(record.opening)).finish();
    case "thaw":
      return Uint8Array.of(tags.thaw);
  }
}

/** One copy of the frame: the log's buffer is its own. */
export function messageRecord(from: Seat, message: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + message.length);
  out[0] = tags.message;
  out[1] = from;
  out.set(message, 2);
  return out;
}

function encodeBase(base: Base): Uint8Array {
  return new Writer(160)
    .u8(tags.base)
    .u8(base.members)
    .u8(base.seat)
    .bytes(hashBytes(base.group))
    .u32(base.era)
    .u32(base.epoch)
    .u64(BigInt(base.firstHeight))
    .u64(BigInt(base.ordered))
    .bytes(hashBytes(base.orderDigest))
    .bytes(hashBytes(base.previousDigest))
    .u64(base.accepted)
    .u64(BigInt(base.final))
    .finish();
}

/** Undefined where the bytes are no record: the log's checksums passed, so another version wrote it. */
export function decodeLogRecord(bytes: Uint8Array): LogRecord | undefined {
  const reader = new Reader(bytes);
  const record = readRecord(reader, bytes);
  return reader.complete ? record : undefined;
}

function readRecord(reader: Reader, bytes: Uint8Array): LogRecord | undefined {
  switch (reader.u8()) {
    case tags.base:
      return { kind: "base", base: readBase(reader) };
    case tags.message: {
      const from = reader.u8();
      return { kind: "message", from, message: reader.bytes(bytes.length - 2) };
    }
    case tags.work:
      return { kind: "work", pending: reader.u8() === 1 };
    case tags.coin: {
      const height = Number(reader.u64());
      const seat = reader.u16();
      const round = reader.u16();
      return { kind: "coin", height, seat, round, bit: reader.u8() === 1 ? 1 : 0 };
    }
    case tags.executed:
      return { kind: "executed", header: readContainerHeader(reader) };
    case tags.timer: {
      const kind = timerKinds[reader.u8()];
      const height = Number(reader.u64());
      return kind === undefined ? undefined : { kind: "timer", timer: { kind, height } };
    }
    case tags.border:
      return { kind: "border", first: Number(reader.u64()) };
    case tags.freeze:
      return { kind: "freeze", opening: toHex(reader.bytes(32)) };
    case tags.thaw:
      return { kind: "thaw" };
    default:
      return undefined;
  }
}

function readBase(reader: Reader): Base {
  const hash = (): HexHash => toHex(reader.bytes(32));
  return {
    members: reader.u8(),
    seat: reader.u8(),
    group: hash(),
    era: reader.u32(),
    epoch: reader.u32(),
    firstHeight: Number(reader.u64()),
    ordered: Number(reader.u64()),
    orderDigest: hash(),
    previousDigest: hash(),
    accepted: reader.u64(),
    final: Number(reader.u64()),
  };
}
