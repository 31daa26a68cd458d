/** What RLP encodes: strings of bytes, unsigned integers, lists, and parts that are encoded already. */
export type RlpItem = Uint8Array | bigint | number | readonly RlpItem[] | { readonly encoded: Uint8Array };

function isList(item: RlpItem): item is readonly RlpItem[] {
  return Array.isArray(item);
}

/** Minimal big-endian bytes; nothing for zero. */
export function minimal(value: bigint | number): Uint8Array {
  if (value === 0n || value === 0) return new Uint8Array(0);
  const digits = value.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
}

function headerLength(length: number): number {
  if (length < 56) return 1;
  if (length < 0x100) return 2;
  if (length < 0x1_0000) return 3;
  if (length < 0x100_0000) return 4;
  return 5;
}

function writeHeader(out: Uint8Array, at: number, base: number, length: number): number {
  if (length < 56) {
    out[at] = base + length;
    return at + 1;
  }
  const width = headerLength(length) - 1;
  out[at] = base + 55 + width;
  for (let i = 0; i < width; i++) out[at + 1 + i] = Math.floor(length / 256 ** (width - 1 - i)) & 0xff;
  return at + 1 + width;
}

/** Payloads of the lists of the item that is being encoded, in the order in which they begin: measured once, used once. */
const payloads: number[] = [];
let lists = 0;
/** More of them are not kept for the next item. */
const KEPT_PAYLOADS = 65_536;

/** Bytes of a number without leading zeros. */
function width(value: number): number {
  let bytes = 0;
  for (let rest = value; rest >= 1; rest /= 256) bytes++;
  return bytes;
}

function isSmall(value: bigint | number): boolean {
  return value <= Number.MAX_SAFE_INTEGER;
}

function measureBytes(length: number, first: number): number {
  return length === 1 && first < 0x80 ? 1 : headerLength(length) + length;
}

function measure(item: RlpItem): number {
  if (item instanceof Uint8Array) return measureBytes(item.length, item[0] ?? 0);
  if (typeof item === "bigint" || typeof item === "number") {
    if (!isSmall(item)) return measure(minimal(item));
    const value = Number(item);
    return measureBytes(width(value), value);
  }
  if (!isList(item)) return item.encoded.length;
  const at = lists++;
  let payload = 0;
  for (const part of item) payload += measure(part);
  payloads[at] = payload;
  return headerLength(payload) + payload;
}

function writeBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  const bare = bytes.length === 1 && (bytes[0] ?? 0) < 0x80;
  const start = bare ? at : writeHeader(out, at, 0x80, bytes.length);
  out.set(bytes, start);
  return start + bytes.length;
}

function writeSmall(out: Uint8Array, at: number, value: number): number {
  const bytes = width(value);
  const start = bytes === 1 && value < 0x80 ? at : writeHeader(out, at, 0x80, bytes);
  let rest = value;
  for (let i = start + bytes - 1; i >= start; i--) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return start + bytes;
}

function write(out: Uint8Array, at: number, item: RlpItem): number {
  if (item instanceof Uint8Array) return writeBytes(out, at, item);
  if (typeof item === "bigint" || typeof item === "number") {
    return isSmall(item) ? writeSmall(out, at, Number(item)) : writeBytes(out, at, minimal(item));
  }
  if (!isList(item)) {
    out.set(item.encoded, at);
    return at + item.encoded.length;
  }
  let next = writeHeader(out, at, 0xc0, payloads[lists++] ?? 0);
  for (const part of item) next = write(out, next, part);
  return next;
}

/** Bytes of an item's canonical RLP. */
export function rlpLength(item: RlpItem): number {
  lists = 0;
  return measure(item);
}

/** Canonical RLP. Lengths are measured first, so that one buffer is written once. */
export function rlpEncode(item: RlpItem): Uint8Array {
  const out = new Uint8Array(rlpLength(item));
  lists = 0;
  write(out, 0, item);
  if (payloads.length > KEPT_PAYLOADS) payloads.length = KEPT_PAYLOADS;
  return out;
}

/** The list header of a payload of `length` bytes, for parts that are put together by hand. */
export function rlpListHeader(length: number): Uint8Array {
  const out = new Uint8Array(headerLength(length));
  writeHeader(out, 0, 0xc0, length);
  return out;
}
