import { hashBytes, readHash, readSafe, writeHash } from "../bytes/fields.ts";
import type { Reader } from "../bytes/reader.ts";
import type { Writer } from "../bytes/writer.ts";
import type { Height, HexHash } from "../consensus/types.ts";
import type { Slot } from "../crypto/digest.ts";

/** Where a signed thing belongs, with the group as text: the wire's form of `Slot`. */
export type SlotName = {
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  readonly height: Height;
};

export const SLOT_BYTES: number = 32 + 4 + 4 + 8;

/** The form that `digest` takes. */
export function toSlot(name: SlotName): Slot {
  return { group: hashBytes(name.group), era: name.era, epoch: name.epoch, height: name.height };
}

export function writeSlot(writer: Writer, name: SlotName): void {
  writeHash(writer, name.group);
  writer.u32(name.era).u32(name.epoch).u64(BigInt(name.height));
}

export function readSlot(reader: Reader): SlotName {
  return { group: readHash(reader), era: reader.u32(), epoch: reader.u32(), height: readSafe(reader) };
}
