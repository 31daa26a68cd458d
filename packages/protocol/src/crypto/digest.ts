import { concat } from "../bytes/bytes.ts";
import { Writer } from "../bytes/writer.ts";
import { keccak256 } from "./keccak.ts";

/** What a signature is about. Every kind of signed thing has a tag of its own, so none can pass for another. */
export type Tag =
  | "proposal"
  | "available"
  | "ack"
  | "vote"
  | "decide"
  | "final-msg"
  | "coin"
  | "order"
  | "final"
  | "settle"
  | "ready"
  | "pop"
  | "enc-key"
  | "dealing-pok"
  | "share-key"
  | "dleq"
  | "era"
  | "cancel"
  | "transport"
  | "work";

/** Where a signed thing belongs; no digest leaves any of these out. */
export type Slot = {
  /** 32 bytes: keccak256(abi.encode("tributary/group", mainchain id, manager address, chain id, creation nonce)). */
  readonly group: Uint8Array;
  readonly era: number;
  readonly epoch: number;
  readonly height: number;
};

const tagHashes = new Map<Tag, Uint8Array>();

/** keccak256("tributary/v1/" + tag). */
export function tagHash(tag: Tag): Uint8Array {
  let hash = tagHashes.get(tag);
  if (hash === undefined) {
    hash = keccak256(new TextEncoder().encode(`tributary/v1/${tag}`));
    tagHashes.set(tag, hash);
  }
  return hash;
}

/**
 * The 32 bytes that are signed: keccak256(tag hash ‖ group ‖ u32 era ‖ u32 epoch ‖ u64 height ‖ fields), big-endian.
 * `fields` have fixed widths and no optional parts, so that no two contents share an encoding.
 */
export function digest(tag: Tag, slot: Slot, fields: Uint8Array): Uint8Array {
  const writer = new Writer(80 + fields.length);
  writer.bytes(tagHash(tag)).bytes(slot.group).u32(slot.era).u32(slot.epoch).u64(BigInt(slot.height)).bytes(fields);
  return keccak256(writer.finish());
}

/** A digest of things that belong to no height: keccak256(tag hash ‖ parts). For keys and proofs of possession. */
export function plainDigest(tag: Tag, ...parts: readonly Uint8Array[]): Uint8Array {
  return keccak256(concat(tagHash(tag), ...parts));
}
