/** Bytes as a string of the same length (latin1): keys of maps. Compares as the bytes do. */
export function toKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function fromKey(key: string): Uint8Array {
  return Buffer.from(key, "latin1");
}
