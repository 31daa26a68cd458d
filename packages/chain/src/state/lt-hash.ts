import { hash } from "node:crypto";

/**
 * LtHash16 (Bellare, Micciancio 1997; Lewi et al., ePrint 2019/227): an element is expanded to 1024 lanes of 16 bits,
 * a set is the lane-wise sum mod 2^16. Adding and removing cost the same and commute. 2048 bytes.
 */
export const LT_HASH_BYTES = 2048;

const options = { outputLength: LT_HASH_BYTES, outputEncoding: "buffer" } as const;

/** Of accounts and storage; others get an input of their own. */
const scratch: Buffer = Buffer.alloc(256);

/** SHAKE128 over u16 length of the key ‖ key ‖ value: two pairs never spell the same input. */
function expand(key: Uint8Array, value: Uint8Array): Uint32Array {
  const length = 2 + key.length + value.length;
  const input = length <= scratch.length ? scratch.subarray(0, length) : Buffer.alloc(length);
  input.writeUInt16BE(key.length);
  input.set(key, 2);
  input.set(value, 2 + key.length);
  const digest = hash("shake128", input, options);
  const aligned = digest.byteOffset % 4 === 0 ? digest : Uint8Array.from(digest);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, LT_HASH_BYTES / 4);
}

// Two 16-bit lanes are added in one 32-bit word: the top bit of each lane is kept out of the sum, so that no carry
// crosses, and put back by xor. Lanes are little-endian in memory, as all supported processors are.

/** Puts the pair into the set. */
export function addPair(sum: Uint32Array, key: Uint8Array, value: Uint8Array): void {
  const element = expand(key, value);
  for (let i = 0; i < element.length; i++) {
    const a = sum[i] ?? 0;
    const b = element[i] ?? 0;
    sum[i] = ((a & 0x7fff7fff) + (b & 0x7fff7fff)) ^ ((a ^ b) & 0x80008000);
  }
}

/** Takes the pair out of the set. */
export function removePair(sum: Uint32Array, key: Uint8Array, value: Uint8Array): void {
  const element = expand(key, value);
  for (let i = 0; i < element.length; i++) {
    const a = sum[i] ?? 0;
    const b = element[i] ?? 0;
    sum[i] = ((a | 0x80008000) - (b & 0x7fff7fff)) ^ ((a ^ ~b) & 0x80008000);
  }
}
