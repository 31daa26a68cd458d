/** Bytes `from` to `from + length` of an input that goes on with zeros for ever. */
export function slice(input: Uint8Array, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (from < input.length) bytes.set(input.subarray(from, from + length));
  return bytes;
}

/** Big-endian, unsigned; no bytes are 0. */
export function toBigInt(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")}`);
}

/** Big-endian in exactly `length` bytes; the value must fit. */
export function fromBigInt(value: bigint, length: number): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex"));
}

/** Number of words of `size` bytes that `length` bytes fill. */
export function words(length: number, size: number): bigint {
  return BigInt(Math.ceil(length / size));
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** 32 bytes: the number 1 where a check holds, otherwise 0. */
export function booleanWord(value: boolean): Uint8Array {
  const word = new Uint8Array(32);
  word[31] = value ? 1 : 0;
  return word;
}
