import { concat, uint } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";

/** In place of a selector: calls with fewer than four bytes, and all calls. */
const BARE: Uint8Array = uint(1, 32);
const ANY: Uint8Array = uint(2, 32);

/** A contract's storage: the 32 bytes of a slot. */
export type SlotReader = (slot: Uint8Array) => Uint8Array;

/** Solidity's place of a mapping's value. */
export function mappingSlot(key: Uint8Array, slot: Uint8Array): Uint8Array {
  return keccak256(concat(key, slot));
}

/** The same where the key is an address. */
export function addressSlot(address: Uint8Array, slot: Uint8Array): Uint8Array {
  return mappingSlot(concat(new Uint8Array(12), address), slot);
}

/**
 * Last byte of what a mapping from target to selector holds for a call with the first bytes of its input, at most 4, or
 * for all calls of the target.
 */
export function callEntry(read: SlotReader, mapping: Uint8Array, target: Uint8Array, selector: Uint8Array): number {
  const calls = addressSlot(target, mapping);
  const any = read(mappingSlot(ANY, calls))[31] ?? 0;
  const key = selector.length === 4 ? concat(selector, new Uint8Array(28)) : BARE;
  return any | (read(mappingSlot(key, calls))[31] ?? 0);
}
