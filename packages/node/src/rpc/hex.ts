// How numbers and bytes are written in Ethereum's JSON-RPC, and the strict way back. Quantities have no leading zeros;
// data has two digits a byte.

/** What a parser says about a client's value: the value, or the words that follow "invalid argument N: ". */
export type Parsed<T> = { readonly value: T } | { readonly reason: string };

/** A quantity: 0x0, 0x1, 0x400. */
export function quantity(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** Bytes as data: 0x, 0x00, 0x1234. */
export function data(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

/** A quantity of at most `bits` bits. */
export function parseQuantity(value: unknown, bits = 256): Parsed<bigint> {
  if (typeof value !== "string") return { reason: `want a hex string, got ${kindOf(value)}` };
  if (!value.startsWith("0x")) return { reason: "hex string without 0x prefix" };
  if (value === "0x") return { reason: 'hex string "0x"' };
  if (value.length > 2 + 64) return { reason: `hex number > ${bits} bits` };
  if (!/^0x[0-9a-fA-F]+$/.test(value)) return { reason: "invalid hex string" };
  if (value.length > 3 && value[2] === "0") return { reason: "hex number with leading zero digits" };
  const number = BigInt(value);
  return number >> BigInt(bits) === 0n ? { value: number } : { reason: `hex number > ${bits} bits` };
}

/** A quantity that is a safe integer: block numbers, indices, counts. */
export function parseIndex(value: unknown): Parsed<number> {
  const parsed = parseQuantity(value, 64);
  if ("reason" in parsed) return parsed;
  const number = Number(parsed.value);
  return Number.isSafeInteger(number) ? { value: number } : { reason: "hex number > 53 bits" };
}

/** Data of any length; the body limit bounds it. */
export function parseData(value: unknown): Parsed<Uint8Array> {
  if (typeof value !== "string") return { reason: `want a hex string, got ${kindOf(value)}` };
  if (!value.startsWith("0x")) return { reason: "hex string without 0x prefix" };
  if (value.length % 2 !== 0) return { reason: "hex string of odd length" };
  const bytes = Buffer.from(value.slice(2), "hex");
  // Buffer stops silently at the first digit that is none.
  if (bytes.length !== value.length / 2 - 1) return { reason: "invalid hex string" };
  return { value: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** Data of exactly `length` bytes. */
export function parseFixed(value: unknown, length: number): Parsed<Uint8Array> {
  if (typeof value === "string" && value.startsWith("0x") && value.length !== 2 + 2 * length) {
    return { reason: `hex string has length ${value.length - 2}, want ${2 * length}` };
  }
  return parseData(value);
}

export function parseHash(value: unknown): Parsed<Uint8Array> {
  return parseFixed(value, 32);
}

export function parseAddress(value: unknown): Parsed<Uint8Array> {
  return parseFixed(value, 20);
}

/** A storage slot: clients write it as a quantity, with leading zeros, or as 32 bytes. */
export function parseSlot(value: unknown): Parsed<Uint8Array> {
  if (typeof value !== "string") return { reason: `want a hex string, got ${kindOf(value)}` };
  if (!/^0x[0-9a-fA-F]{1,64}$/.test(value)) return { reason: "want a storage slot of at most 32 bytes" };
  return parseData(`0x${value.slice(2).padStart(64, "0")}`);
}

export function parseBoolean(value: unknown): Parsed<boolean> {
  return typeof value === "boolean" ? { value } : { reason: `want true or false, got ${kindOf(value)}` };
}

/** JSON's name for what a value is. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
