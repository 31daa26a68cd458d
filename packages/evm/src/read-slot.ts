import type { Machine } from "./machine.ts";
import { bytesOfWord, putBytesAsWord } from "./memory-codec.ts";
import { layout } from "./memory-layout.ts";

/** A slot as it stands now, 32 bytes; reading it warms nothing. Throws as the state reader. */
export function readSlot(machine: Machine, address: Uint8Array, slot: Uint8Array): Uint8Array {
  putBytesAsWord(machine.bytes, layout.IO_SLOT, slot);
  putBytesAsWord(machine.bytes, layout.IO_VALUE, address);
  machine.exports.readSlot();
  return bytesOfWord(machine.bytes, layout.IO_VALUE, 32);
}
