// Binary form of the messages: one byte of kind, then fields of fixed width or with a bounded count before them. Each
// content has exactly one encoding and each kind a largest size.

import { readHash, readSafe, readSeat, readSeats, writeHash } from "../bytes/fields.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import type { Accepted } from "../consensus/types.ts";
import { CONTAINER_HEADER_BYTES, readContainerHeader, writeContainerHeader } from "../container/codec.ts";
import { MAX_MEMBERS } from "../quorum.ts";
import {
  type Limits,
  MAX_CONTAINER_RANGE,
  MAX_EVIDENCE_BYTES,
  MAX_FORWARDED,
  MAX_VOTE_RECORDS,
  maxBodyBytes,
  maxContainerBodyBytes,
  maxForeignBodyBytes,
} from "./limits.ts";
import type { CoinShare, Envelope, Forwarded, Held, Message, MessageKind } from "./messages.ts";
import {
  PROPOSAL_FIELDS_BYTES,
  PROPOSAL_HEADER_BYTES,
  readProposalFields,
  readProposalHeader,
  toProposal,
  writeProposalFields,
  writeProposalHeader,
} from "./proposal-header.ts";
import { readSlot, SLOT_BYTES, writeSlot } from "./slot.ts";
import { readVoteRecords, VOTE_RECORD_BYTES, writeVoteRecords } from "./vote-records.ts";

const SIGNATURE_BYTES = 65;
/** BLS signature in G2, compressed: a share or a combined certificate. */
const BLS_BYTES = 96;
const ENVELOPE_BYTES = SLOT_BYTES + 2 + SIGNATURE_BYTES;
const COIN_SHARE_BYTES = 2 + 2 + BLS_BYTES;

type Of<K extends MessageKind> = Extract<Message, { readonly kind: K }>;

type Codec<K extends MessageKind> = {
  /** Largest number of bytes after the kind. */
  readonly bytes: (limits: Limits) => number;
  readonly write: (writer: Writer, message: Of<K>) => void;
  /** Marks the reader as failed where the input is malformed; what it returns then is not used. */
  readonly read: (reader: Reader, limits: Limits) => Of<K>;
};

function writeEnvelope(writer: Writer, message: Envelope): void {
  writeSlot(writer, message);
  writer.u16(message.seat).bytes(message.signature);
}

function readEnvelope(reader: Reader, limits: Limits): Envelope {
  return {
    ...readSlot(reader),
    seat: readSeat(reader, limits.members),
    signature: reader.bytes(SIGNATURE_BYTES),
  };
}

function readCoinShares(reader: Reader, limits: Limits): CoinShare[] {
  const count = reader.u16();
  if (count === 0 || count > limits.members) reader.fail();
  const shares: CoinShare[] = [];
  let last = -1;
  for (let i = 0; i < count && reader.ok; i++) {
    const seat = readSeat(reader, limits.members);
    const round = reader.u16();
    const place = seat * 0x1_0000 + round;
    if (place <= last) reader.fail();
    last = place;
    shares.push({ seat, round, share: reader.bytes(BLS_BYTES) });
  }
  return shares;
}

function readOrder(reader: Reader): Of<"order"> {
  const slot = readSlot(reader);
  const previous = readHash(reader);
  const certificate = reader.bytes(BLS_BYTES);
  const count = reader.u16();
  if (count > MAX_MEMBERS || count * PROPOSAL_FIELDS_BYTES !== reader.remaining) reader.fail();
  const accepted: Accepted[] = [];
  let last = -1;
  for (let i = 0; i < count && reader.ok; i++) {
    const header = readProposalFields(reader, slot, MAX_MEMBERS);
    if (header.seat <= last) reader.fail();
    last = header.seat;
    if (reader.ok) accepted.push({ seat: header.seat, proposal: toProposal(header) });
  }
  return { kind: "order", ...slot, previous, accepted, certificate };
}

function readHeld(reader: Reader): Held {
  return { proposals: readSeats(reader, MAX_MEMBERS), certificates: readSeats(reader, MAX_MEMBERS) };
}

/** One of each seat of the sender's committee, to the message's end. */
function readRounds(reader: Reader): number[] {
  const { remaining } = reader;
  if (remaining % 2 !== 0 || remaining > 2 * MAX_MEMBERS) reader.fail();
  return reader.ok ? Array.from({ length: remaining / 2 }, () => reader.u16()) : [];
}

function readForwarded(reader: Reader, limits: Limits): Forwarded[] {
  const count = reader.u16();
  if (count === 0 || count > MAX_FORWARDED || count * 6 > reader.remaining) reader.fail();
  const transactions: Forwarded[] = [];
  let bytes = 0;
  for (let i = 0; i < count && reader.ok; i++) {
    const age = reader.u16();
    const raw = reader.sized(maxForeignBodyBytes(limits));
    bytes += raw.length;
    if (bytes > maxForeignBodyBytes(limits)) reader.fail();
    transactions.push({ age, raw });
  }
  return transactions;
}

const codecs: { readonly [K in MessageKind]: Codec<K> } = {
  proposal: {
    bytes: (limits) => PROPOSAL_HEADER_BYTES + SIGNATURE_BYTES + 4 + maxBodyBytes(limits),
    write(writer, message) {
      writeProposalHeader(writer, message.header);
      writer.bytes(message.signature).sized(message.body);
    },
    read(reader, limits) {
      const header = readProposalHeader(reader, limits.members);
      const signature = reader.bytes(SIGNATURE_BYTES);
      return { kind: "proposal", header, signature, body: reader.sized(maxBodyBytes(limits)) };
    },
  },
  ack: {
    bytes: () => ENVELOPE_BYTES + 2 + 32 + BLS_BYTES,
    write(writer, message) {
      writeEnvelope(writer, message);
      writer.u16(message.proposer);
      writeHash(writer, message.digest);
      writer.bytes(message.share);
    },
    read: (reader, limits) => ({
      kind: "ack",
      ...readEnvelope(reader, limits),
      proposer: readSeat(reader, limits.members),
      digest: readHash(reader),
      share: reader.bytes(BLS_BYTES),
    }),
  },
  certificate: {
    bytes: () => PROPOSAL_HEADER_BYTES + SIGNATURE_BYTES + BLS_BYTES,
    write(writer, message) {
      writeProposalHeader(writer, message.header);
      writer.bytes(message.signature).bytes(message.certificate);
    },
    read: (reader, limits) => ({
      kind: "certificate",
      header: readProposalHeader(reader, limits.members),
      signature: reader.bytes(SIGNATURE_BYTES),
      certificate: reader.bytes(BLS_BYTES),
    }),
  },
  vote: {
    bytes: () => ENVELOPE_BYTES + 2 + MAX_VOTE_RECORDS * VOTE_RECORD_BYTES,
    write(writer, message) {
      writeEnvelope(writer, message);
      writeVoteRecords(writer, message.records);
    },
    read: (reader, limits) => ({
      kind: "vote",
      ...readEnvelope(reader, limits),
      records: readVoteRecords(reader, limits.members),
    }),
  },
  coin: {
    bytes: (limits) => 4 + 4 + 8 + 2 + limits.members * COIN_SHARE_BYTES,
    write(writer, message) {
      writer.u32(message.era).u32(message.epoch).u64(BigInt(message.height)).u16(message.shares.length);
      for (const { seat, round, share } of message.shares) writer.u16(seat).u16(round).bytes(share);
    },
    read: (reader, limits) => ({
      kind: "coin",
      era: reader.u32(),
      epoch: reader.u32(),
      height: readSafe(reader),
      shares: readCoinShares(reader, limits),
    }),
  },
  decide: {
    bytes: () => ENVELOPE_BYTES + 32 + BLS_BYTES,
    write(writer, message) {
      writeEnvelope(writer, message);
      writeHash(writer, message.digest);
      writer.bytes(message.share);
    },
    read: (reader, limits) => ({
      kind: "decide",
      ...readEnvelope(reader, limits),
      digest: readHash(reader),
      share: reader.bytes(BLS_BYTES),
    }),
  },
  order: {
    bytes: () => SLOT_BYTES + 32 + BLS_BYTES + 2 + MAX_MEMBERS * PROPOSAL_FIELDS_BYTES,
    write(writer, message) {
      writeSlot(writer, message);
      writeHash(writer, message.previous);
      writer.bytes(message.certificate).u16(message.accepted.length);
      for (const { proposal } of message.accepted) writeProposalFields(writer, proposal.header);
    },
    read: readOrder,
  },
  final: {
    bytes: () => ENVELOPE_BYTES + 32 + BLS_BYTES,
    write(writer, message) {
      writeEnvelope(writer, message);
      writeHash(writer, message.hash);
      writer.bytes(message.share);
    },
    read: (reader, limits) => ({
      kind: "final",
      ...readEnvelope(reader, limits),
      hash: readHash(reader),
      share: reader.bytes(BLS_BYTES),
    }),
  },
  container: {
    bytes: (limits) => CONTAINER_HEADER_BYTES + 4 + BLS_BYTES + 4 + maxContainerBodyBytes(limits),
    write(writer, message) {
      writeContainerHeader(writer, message.header);
      writer.u32(message.certificateEra).bytes(message.certificate).sized(message.body);
    },
    read: (reader, limits) => ({
      kind: "container",
      header: readContainerHeader(reader),
      certificateEra: reader.u32(),
      certificate: reader.bytes(BLS_BYTES),
      body: reader.sized(maxContainerBodyBytes(limits)),
    }),
  },
  status: {
    bytes: () => 4 + 4 + 8 + 8 + 32 + 2 * MAX_MEMBERS,
    write(writer, message) {
      writer.u32(message.era).u32(message.epoch).u64(BigInt(message.ordered)).u64(BigInt(message.final));
      for (const held of message.held) writer.u64(held.proposals).u64(held.certificates);
      for (const round of message.rounds) writer.u16(round);
    },
    read: (reader) => ({
      kind: "status",
      era: reader.u32(),
      epoch: reader.u32(),
      ordered: readSafe(reader),
      final: readSafe(reader),
      held: [readHeld(reader), readHeld(reader)],
      rounds: readRounds(reader),
    }),
  },
  "get-certificate": {
    bytes: () => 8 + 2,
    write(writer, message) {
      writer.u64(BigInt(message.height)).u16(message.seat);
    },
    read: (reader, limits) => ({
      kind: "get-certificate",
      height: readSafe(reader),
      seat: readSeat(reader, limits.members),
    }),
  },
  "get-body": {
    bytes: () => 8 + 32 + 4 + 4,
    write(writer, message) {
      writer.u64(BigInt(message.height));
      writeHash(writer, message.digest);
      writer.u32(message.offset).u32(message.length);
    },
    read: (reader) => ({
      kind: "get-body",
      height: readSafe(reader),
      digest: readHash(reader),
      offset: reader.u32(),
      length: reader.u32(),
    }),
  },
  body: {
    bytes: (limits) => 8 + 32 + 4 + 4 + maxForeignBodyBytes(limits),
    write(writer, message) {
      writer.u64(BigInt(message.height));
      writeHash(writer, message.digest);
      writer.u32(message.offset).sized(message.bytes);
    },
    read: (reader, limits) => ({
      kind: "body",
      height: readSafe(reader),
      digest: readHash(reader),
      offset: reader.u32(),
      bytes: reader.sized(maxForeignBodyBytes(limits)),
    }),
  },
  "get-order": {
    bytes: () => 8,
    write(writer, message) {
      writer.u64(BigInt(message.height));
    },
    read: (reader) => ({ kind: "get-order", height: readSafe(reader) }),
  },
  "get-container": {
    bytes: () => 8 + 2,
    write(writer, message) {
      writer.u64(BigInt(message.height)).u16(message.count);
    },
    read(reader) {
      const height = readSafe(reader);
      const count = reader.u16();
      if (count === 0 || count > MAX_CONTAINER_RANGE) reader.fail();
      return { kind: "get-container", height, count };
    },
  },
  repeat: {
    bytes: () => 8,
    write(writer, message) {
      writer.u64(BigInt(message.height));
    },
    read: (reader) => ({ kind: "repeat", height: readSafe(reader) }),
  },
  forward: {
    bytes: (limits) => 2 + 6 * MAX_FORWARDED + maxForeignBodyBytes(limits),
    write(writer, message) {
      writer.u16(message.transactions.length);
      for (const { age, raw } of message.transactions) writer.u16(Math.min(age, 0xffff)).sized(raw);
    },
    read: (reader, limits) => ({ kind: "forward", transactions: readForwarded(reader, limits) }),
  },
  finality: {
    bytes: () => 4 + 8 + 32 + 4 + BLS_BYTES,
    write(writer, message) {
      writer.u32(message.epoch).u64(BigInt(message.height));
      writeHash(writer, message.hash);
      writer.u32(message.certificateEra).bytes(message.certificate);
    },
    read: (reader) => ({
      kind: "finality",
      epoch: reader.u32(),
      height: readSafe(reader),
      hash: readHash(reader),
      certificateEra: reader.u32(),
      certificate: reader.bytes(BLS_BYTES),
    }),
  },
  evidence: {
    bytes: () => 4 + MAX_EVIDENCE_BYTES,
    write(writer, message) {
      writer.sized(message.evidence);
    },
    read: (reader) => ({ kind: "evidence", evidence: reader.sized(MAX_EVIDENCE_BYTES) }),
  },
};

/** Position in this list is the kind's byte on the wire: append only. */
export const MESSAGE_KINDS: readonly MessageKind[] = [
  "proposal",
  "ack",
  "certificate",
  "vote",
  "coin",
  "decide",
  "order",
  "final",
  "container",
  "status",
  "get-certificate",
  "get-body",
  "body",
  "get-order",
  "get-container",
  "repeat",
  "forward",
  "finality",
  "evidence",
];

/** Largest encoded size of one kind. */
export function maxMessageBytes(kind: MessageKind, limits: Limits): number {
  return 1 + codecs[kind].bytes(limits);
}

/** Largest encoded size of any message: what a frame may hold. */
export function maxFrameBytes(limits: Limits): number {
  return Math.max(...MESSAGE_KINDS.map((kind) => maxMessageBytes(kind, limits)));
}

export function encode(message: Message): Uint8Array {
  const writer = new Writer(512);
  writer.u8(MESSAGE_KINDS.indexOf(message.kind));
  (codecs[message.kind] as Codec<MessageKind>).write(writer, message as never);
  return writer.finish();
}

/** The message that the bytes spell, or undefined: total, never throws. The result may hold views on `bytes`. */
export function decode(bytes: Uint8Array, limits: Limits): Message | undefined {
  const kind = MESSAGE_KINDS[bytes[0] ?? 0xff];
  if (kind === undefined || bytes.length > maxMessageBytes(kind, limits)) return undefined;
  const reader = new Reader(bytes.subarray(1));
  const message = codecs[kind].read(reader, limits);
  return reader.complete ? message : undefined;
}
