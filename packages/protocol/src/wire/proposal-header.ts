import { readHash, readSafe, readSeat, writeHash } from "../bytes/fields.ts";
import { toHex } from "../bytes/hex.ts";
import type { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import type { Checkpoint, HexHash, Proposal, ProposalHeader } from "../consensus/types.ts";
import { digest } from "../crypto/digest.ts";
import { readSlot, SLOT_BYTES, type SlotName, toSlot, writeSlot } from "./slot.ts";

export const MAX_CHECKPOINTS = 4;

const CHECKPOINT_BYTES = 8 + 32;
/** The header without its slot: fixed width, so that it is also the `fields` of its digest. */
export const PROPOSAL_FIELDS_BYTES: number = 2 + 2 + 32 + 6 + 1 + MAX_CHECKPOINTS * CHECKPOINT_BYTES + 32 + 4 + 4 + 8;
export const PROPOSAL_HEADER_BYTES: number = SLOT_BYTES + PROPOSAL_FIELDS_BYTES;

const noHash = new Uint8Array(32);

/** Unused checkpoints are zeros: no width depends on the content. */
export function writeProposalFields(writer: Writer, header: ProposalHeader): void {
  if (header.checkpoints.length > MAX_CHECKPOINTS) throw new RangeError("too many checkpoints");
  writer.u16(header.version).u16(header.seat);
  writeHash(writer, header.anchor);
  writer.u48(header.time).u8(header.checkpoints.length);
  for (let i = 0; i < MAX_CHECKPOINTS; i++) {
    const checkpoint = header.checkpoints[i];
    writer.u64(BigInt(checkpoint?.number ?? 0));
    if (checkpoint === undefined) writer.bytes(noHash);
    else writeHash(writer, checkpoint.hash);
  }
  writeHash(writer, header.bodyHash);
  writer.u32(header.bodyBytes).u32(header.txCount).u64(BigInt(header.gas));
}

export function readProposalFields(reader: Reader, slot: SlotName, members: number): ProposalHeader {
  const version = reader.u16();
  const seat = readSeat(reader, members);
  const anchor = readHash(reader);
  const time = reader.u48();
  const checkpoints = readCheckpoints(reader);
  const bodyHash = readHash(reader);
  const bodyBytes = reader.u32();
  const txCount = reader.u32();
  const gas = readSafe(reader);
  return { version, ...slot, seat, anchor, time, checkpoints, bodyHash, bodyBytes, txCount, gas };
}

function readCheckpoints(reader: Reader): Checkpoint[] {
  const count = reader.u8();
  if (count > MAX_CHECKPOINTS) reader.fail();
  const checkpoints: Checkpoint[] = [];
  let last = -1;
  for (let i = 0; i < MAX_CHECKPOINTS; i++) {
    const number = readSafe(reader);
    const bytes = reader.bytes(32);
    if (i < count) {
      if (number <= last) reader.fail();
      last = number;
      checkpoints.push({ number, hash: toHex(bytes) });
    } else if (number !== 0 || bytes.some((byte) => byte !== 0)) reader.fail();
  }
  return checkpoints;
}

export function writeProposalHeader(writer: Writer, header: ProposalHeader): void {
  writeSlot(writer, header);
  writeProposalFields(writer, header);
}

export function readProposalHeader(reader: Reader, members: number): ProposalHeader {
  return readProposalFields(reader, readSlot(reader), members);
}

/** p: what the proposer's node signs, and what names the proposal everywhere else. */
export function proposalDigest(header: ProposalHeader): Uint8Array {
  const writer = new Writer(PROPOSAL_FIELDS_BYTES);
  writeProposalFields(writer, header);
  return digest("proposal", toSlot(header), writer.finish());
}

/** The header with its digest p. */
export function toProposal(header: ProposalHeader): Proposal {
  return { header, digest: toHex(proposalDigest(header)) as HexHash };
}
