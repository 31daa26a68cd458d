// Numbers and bytes as linear memory holds them.

/** A word of 256 bits; the value's low 256 bits count. */
export function putWord(view: DataView, at: number, value: bigint): void {
  view.setBigUint64(at, value, true);
  const high = value >> 64n;
  if (high === 0n) {
    view.setBigUint64(at + 8, 0n, true);
    view.setBigUint64(at + 16, 0n, true);
    view.setBigUint64(at + 24, 0n, true);
    return;
  }
  view.setBigUint64(at + 8, high, true);
  view.setBigUint64(at + 16, value >> 128n, true);
  view.setBigUint64(at + 24, value >> 192n, true);
}

export function wordAt(view: DataView, at: number): bigint {
  let value = view.getBigUint64(at, true);
  for (let limb = 1; limb < 4; limb++) {
    const part = view.getBigUint64(at + 8 * limb, true);
    if (part !== 0n) value |= part << BigInt(64 * limb);
  }
  return value;
}

/** Big-endian bytes, at most 32, as a word. */
export function putBytesAsWord(memory: Uint8Array, at: number, bytes: Uint8Array): void {
  const length = bytes.length;
  for (let i = 0; i < length; i++) memory[at + i] = bytes[length - 1 - i] as number;
  memory.fill(0, at + length, at + 32);
}

/** The low `length` bytes of a word, big-endian. */
export function bytesOfWord(memory: Uint8Array, at: number, length: number): Uint8Array {
  return memory.slice(at, at + length).reverse();
}
