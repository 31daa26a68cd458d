const table = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const NO_DIGIT = 255;
/** By the digit's character code. */
const values: Uint8Array = new Uint8Array(128).fill(NO_DIGIT);
for (let value = 0; value < 16; value++) {
  values[value.toString(16).charCodeAt(0)] = value;
  values[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/** Lower-case hexadecimal with a 0x prefix. */
export function toHex(bytes: Uint8Array): `0x${string}` {
  let text = "0x";
  for (const byte of bytes) text += table[byte];
  return text as `0x${string}`;
}

/** Bytes of a hexadecimal string (0x prefix optional), or undefined where it is not one of even length. */
export function fromHex(text: string): Uint8Array | undefined {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  if (digits.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = values[digits.charCodeAt(2 * i)] ?? NO_DIGIT;
    const low = values[digits.charCodeAt(2 * i + 1)] ?? NO_DIGIT;
    if (high === NO_DIGIT || low === NO_DIGIT) return undefined;
    bytes[i] = 16 * high + low;
  }
  return bytes;
}
