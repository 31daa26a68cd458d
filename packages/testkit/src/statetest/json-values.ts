/** Some fillers write "0x:bigint 0x…" where a number does not fit its field. */
function digits(text: string): string {
  return text.replace(/^0x:bigint /, "").replace(/^0x/, "");
}

/** A number in hexadecimal; absent or empty is 0. */
export function number(text: string | undefined): bigint {
  const hex = digits(text ?? "");
  return hex === "" ? 0n : BigInt(`0x${hex}`);
}

export function bytes(text: string | undefined): Uint8Array {
  const hex = digits(text ?? "");
  if (hex.length % 2 === 1 || /[^0-9a-fA-F]/.test(hex)) throw new Error(`no bytes: ${text}`);
  return new Uint8Array(Buffer.from(hex, "hex"));
}

/** 32 bytes, zeros first. */
export function padded(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(number(text).toString(16).padStart(64, "0"), "hex"));
}
