// What is signed, by message. Node signatures are made over the digest of the whole message but the signature itself, so
// that a wrong share can be laid at its sender's door. Widths are fixed or follow from a count that is hashed in.

import { writeHash } from "../bytes/fields.ts";
import { toHex } from "../bytes/hex.ts";
import { Writer } from "../bytes/writer.ts";
import type { HexHash, Seat } from "../consensus/types.ts";
import { digest } from "../crypto/digest.ts";
import { keccak256 } from "../crypto/keccak.ts";
import type { AckMessage, DecideMessage, Envelope, FinalMessage, VoteMessage } from "./messages.ts";
import { type SlotName, toSlot } from "./slot.ts";
import { writeVoteRecords } from "./vote-records.ts";

type Unsigned<T extends Envelope> = Omit<T, "signature" | "kind">;

export function ackDigest(message: Unsigned<AckMessage>): Uint8Array {
  const writer = new Writer().u16(message.seat).u16(message.proposer);
  writeHash(writer, message.digest);
  return digest("ack", toSlot(message), writer.bytes(message.share).finish());
}

export function voteDigest(message: Unsigned<VoteMessage>): Uint8Array {
  const writer = new Writer().u16(message.seat);
  writeVoteRecords(writer, message.records);
  return digest("vote", toSlot(message), writer.finish());
}

export function decideDigest(message: Unsigned<DecideMessage>): Uint8Array {
  const writer = new Writer().u16(message.seat);
  writeHash(writer, message.digest);
  return digest("decide", toSlot(message), writer.bytes(message.share).finish());
}

export function finalMessageDigest(message: Unsigned<FinalMessage>): Uint8Array {
  const writer = new Writer().u16(message.seat);
  writeHash(writer, message.hash);
  return digest("final-msg", toSlot(message), writer.bytes(message.share).finish());
}

/** What shares of availability sign: digest("available", p). */
export function availableDigest(slot: SlotName, proposal: HexHash): Uint8Array {
  const writer = new Writer(32);
  writeHash(writer, proposal);
  return digest("available", toSlot(slot), writer.finish());
}

/** What shares of coin(seat, round) sign. */
export function coinDigest(slot: SlotName, seat: Seat, round: number): Uint8Array {
  return digest("coin", toSlot(slot), new Writer(4).u16(seat).u16(round).finish());
}

/** The coin: lowest bit of keccak256(signature over coinDigest). */
export function coinBit(signature: Uint8Array): 0 | 1 {
  return ((keccak256(signature)[31] ?? 0) & 1) === 1 ? 1 : 0;
}

/**
 * D(h) = digest("order", D(h-1) ‖ u16 count ‖ (u16 seat ‖ p) by ascending seat). Shares of the order sign D(h) itself:
 * it is a tagged digest of its slot already.
 */
export function orderDigest(
  slot: SlotName,
  previous: HexHash,
  accepted: readonly { readonly seat: Seat; readonly proposal: { readonly digest: HexHash } }[],
): HexHash {
  return toHex(digest("order", toSlot(slot), orderContent(previous, accepted)));
}

/** What D(h) hashes behind its slot. */
export function orderContent(
  previous: HexHash,
  accepted: readonly { readonly seat: Seat; readonly proposal: { readonly digest: HexHash } }[],
): Uint8Array {
  const writer = new Writer(34 + 34 * accepted.length);
  writeHash(writer, previous);
  writer.u16(accepted.length);
  for (const { seat, proposal } of accepted) {
    writer.u16(seat);
    writeHash(writer, proposal.digest);
  }
  return writer.finish();
}

/**
 * D(0) = digest("order", genesis hash ‖ group key (48 bytes) ‖ committee hash): where the chain of orders starts.
 * The slot is (group, first era, first epoch, height 0).
 */
export function genesisOrderDigest(
  slot: SlotName,
  genesis: HexHash,
  groupKey: Uint8Array,
  committee: HexHash,
): HexHash {
  const writer = new Writer(112);
  writeHash(writer, genesis);
  writer.bytes(groupKey);
  writeHash(writer, committee);
  return toHex(digest("order", toSlot(slot), writer.finish()));
}

/** beacon(h) = keccak256(O(h)). */
export function beaconOf(orderCertificate: Uint8Array): HexHash {
  return toHex(keccak256(orderCertificate));
}

/**
 * What shares of F(h) sign: digest("final", hash of the container header). The slot's era is the certificate era, which
 * is the header's own unless a recovery certified the height again; its epoch is the header's.
 */
export function finalDigest(slot: SlotName, headerHash: HexHash): Uint8Array {
  const writer = new Writer(32);
  writeHash(writer, headerHash);
  return digest("final", toSlot(slot), writer.finish());
}
