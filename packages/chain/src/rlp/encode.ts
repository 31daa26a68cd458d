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

type Measured =
  | { readonly list: readonly Measured[]; readonly payload: number; readonly total: number }
  | { readonly bytes: Uint8Array; readonly encoded: boolean; readonly total: number };

function measure(item: RlpItem): Measured {
  if (isList(item)) {
    const list = item.map(measure);
    let payload = 0;
    for (const part of list) payload += part.total;
    return { list, payload, total: headerLength(payload) + payload };
  }
  if (typeof item === "bigint" || typeof item === "number") return measure(minimal(item));
  if (item instanceof Uint8Array) {
    const bare = item.length === 1 && (item[0] ?? 0) < 0x80;
    return { bytes: item, encoded: bare, total: bare ? 1 : headerLength(item.length) + item.length };
  }
  return { bytes: item.encoded, encoded: true, total: item.encoded.length };
}

function write(out: Uint8Array, at: number, item: Measured): number {
  if ("list" in item) {
    let next = writeHeader(out, at, 0xc0, item.payload);
    for (const part of item.list) next = write(out, next, part);
    return next;
  }
  const start = item.encoded ? at : writeHeader(out, at, 0x80, item.bytes.length);
  out.set(item.bytes, start);
  return start + item.bytes.length;
}

/** Canonical RLP. Lengths are measured first, so that one buffer is written once. */
export function rlpEncode(item: RlpItem): Uint8Array {
  const measured = measure(item);
  const out = new Uint8Array(measured.total);
  write(out, 0, measured);
  return out;
}

/** The list header of a payload of `length` bytes, for parts that are put together by hand. */
export function rlpListHeader(length: number): Uint8Array {
  const out = new Uint8Array(headerLength(length));
  writeHeader(out, 0, 0xc0, length);
  return out;
}
