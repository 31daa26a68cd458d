import { toKey } from "../store/key.ts";

// Keys of the flat state. Accounts ("a" ‖ address) and storage ("s" ‖ address ‖ slot) are what the state root is
// over. Code ("c" ‖ hash) is content-addressed, bound by its account's code hash, and never removed.

export const ACCOUNT_PREFIX = "a";
export const STORAGE_PREFIX = "s";
export const CODE_PREFIX = "c";

export function accountKey(address: Uint8Array): string {
  return ACCOUNT_PREFIX + toKey(address);
}

// One string from one buffer: joined ones are flattened and hashed at their first use, which costs as much again.
const storage: Buffer = Buffer.alloc(1 + 20 + 32, STORAGE_PREFIX);

/** Of 20 and 32 bytes: a RangeError for others. */
export function storageKey(address: Uint8Array, slot: Uint8Array): string {
  if (address.length !== 20 || slot.length !== 32) throw new RangeError("not an address and a slot");
  storage.set(address, 1);
  storage.set(slot, 21);
  return toKey(storage);
}

export function codeKey(hash: Uint8Array): string {
  return CODE_PREFIX + toKey(hash);
}

/** Part of the state root. */
export function isCommitted(key: string): boolean {
  return key.startsWith(ACCOUNT_PREFIX) || key.startsWith(STORAGE_PREFIX);
}
