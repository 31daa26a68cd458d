// Bytes and numbers as Ethereum's JSON-RPC writes them.

export function hexOf(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

/** Without zeros in front. */
export function quantity(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** With all 64 digits. */
export function wordHex(word: bigint): string {
  return `0x${word.toString(16).padStart(64, "0")}`;
}

/** The low 20 bytes of a word. */
export function addressOfWord(word: bigint): Uint8Array {
  const digits = BigInt.asUintN(160, word).toString(16).padStart(40, "0");
  return new Uint8Array(Buffer.from(digits, "hex"));
}
