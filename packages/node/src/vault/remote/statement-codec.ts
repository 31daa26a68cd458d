import { readHash, readSeat, writeHash } from "@tributary/protocol/bytes/fields";
import { Reader } from "@tributary/protocol/bytes/reader";
import { Writer } from "@tributary/protocol/bytes/writer";
import type { Accepted, Order, Seat } from "@tributary/protocol/consensus/types";
import { orderDigest, type SlotName, toProposal } from "@tributary/protocol/wire/index";
import { readProposalHeader, writeProposalHeader } from "@tributary/protocol/wire/proposal-header";
import { readSlot, writeSlot } from "@tributary/protocol/wire/slot";
import { readVoteRecords, writeVoteRecords } from "@tributary/protocol/wire/vote-records";
import type { CoinSlot, Signed, Statement } from "../../consensus/statement.ts";

/** Seats of the largest committee. */
const MAX_MEMBERS = 64;
/** Of one statement: the headers of all seats, and room. */
export const MAX_STATEMENT_BYTES: number = 64 * 1024;
const SIGNATURE_BYTES = 65;
const SHARE_BYTES = 96;

const KINDS = ["proposal", "ack", "vote", "coin", "decide", "final"] as const;

/** u16 seat ‖ u8 kind ‖ slot ‖ fields. */
export function encodeStatement(seat: Seat, statement: Statement): Uint8Array {
  const writer = new Writer(256).u16(seat).u8(KINDS.indexOf(statement.kind));
  if (statement.kind === "proposal") {
    writeProposalHeader(writer, statement.proposal.header);
    return writer.finish();
  }
  writeSlot(writer, statement.slot);
  switch (statement.kind) {
    case "ack":
      writeHash(writer.u16(statement.proposer), statement.digest);
      break;
    case "vote":
      writeVoteRecords(writer, statement.records);
      break;
    case "coin":
      writer.u16(statement.coins.length);
      for (const { seat: of, round } of statement.coins) writer.u16(of).u16(round);
      break;
    case "decide":
      writeHash(writer, statement.order.previous);
      writer.u16(statement.order.accepted.length);
      for (const { proposal } of statement.order.accepted) writeProposalHeader(writer, proposal.header);
      break;
    case "final":
      writeHash(writer.u32(statement.epoch), statement.hash);
  }
  return writer.finish();
}

/** Undefined where the bytes are not exactly one statement. Every digest in it is computed here. */
export function decodeStatement(bytes: Uint8Array): { readonly seat: Seat; readonly statement: Statement } | undefined {
  if (bytes.length > MAX_STATEMENT_BYTES) return undefined;
  const reader = new Reader(bytes);
  const seat = readSeat(reader, MAX_MEMBERS);
  const statement = readStatement(reader, KINDS[reader.u8()]);
  return reader.complete && statement !== undefined ? { seat, statement } : undefined;
}

function readStatement(reader: Reader, kind: (typeof KINDS)[number] | undefined): Statement | undefined {
  if (kind === undefined) return undefined;
  if (kind === "proposal") {
    const header = readProposalHeader(reader, MAX_MEMBERS);
    return reader.ok ? { kind, proposal: toProposal(header) } : undefined;
  }
  const slot = readSlot(reader);
  switch (kind) {
    case "ack":
      return { kind, slot, proposer: readSeat(reader, MAX_MEMBERS), digest: readHash(reader) };
    case "vote":
      return { kind, slot, records: readVoteRecords(reader, MAX_MEMBERS) };
    case "coin":
      return { kind, slot, coins: readCoins(reader) };
    case "decide":
      return readDecide(reader, slot);
    case "final":
      return { kind, slot, epoch: reader.u32(), hash: readHash(reader) };
  }
}

function readCoins(reader: Reader): readonly CoinSlot[] {
  const count = reader.u16();
  if (count === 0 || count > MAX_MEMBERS) reader.fail();
  const coins: CoinSlot[] = [];
  for (let i = 0; i < count && reader.ok; i++) coins.push({ seat: readSeat(reader, MAX_MEMBERS), round: reader.u16() });
  return coins;
}

function readDecide(reader: Reader, slot: SlotName): Statement | undefined {
  const previous = readHash(reader);
  const count = reader.u16();
  if (count > MAX_MEMBERS) reader.fail();
  const accepted: Accepted[] = [];
  let last = -1;
  for (let i = 0; i < count && reader.ok; i++) {
    const header = readProposalHeader(reader, MAX_MEMBERS);
    const ours = header.group === slot.group && header.era === slot.era && header.epoch === slot.epoch;
    if (!ours || header.height !== slot.height || header.seat <= last) reader.fail();
    last = header.seat;
    if (reader.ok) accepted.push({ seat: header.seat, proposal: toProposal(header) });
  }
  if (!reader.ok) return undefined;
  const order: Order = { height: slot.height, previous, accepted, digest: orderDigest(slot, previous, accepted) };
  return { kind: "decide", slot, order };
}

/** u8: whether there is a node signature ‖ that ‖ the shares. */
export function encodeSigned({ signature, shares }: Signed): Uint8Array {
  const writer = new Writer(1 + SIGNATURE_BYTES + SHARE_BYTES * shares.length).u8(signature.length === 0 ? 0 : 1);
  writer.bytes(signature);
  for (const share of shares) writer.bytes(share);
  return writer.finish();
}

export function decodeSigned(bytes: Uint8Array): Signed | undefined {
  const reader = new Reader(bytes);
  const signed = reader.u8();
  const signature = reader.bytes(signed === 1 ? SIGNATURE_BYTES : 0);
  if (signed > 1 || reader.remaining % SHARE_BYTES !== 0) reader.fail();
  const shares: Uint8Array[] = [];
  while (reader.ok && reader.remaining > 0) shares.push(reader.bytes(SHARE_BYTES));
  return reader.complete ? { signature, shares } : undefined;
}
