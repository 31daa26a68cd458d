// What modules that are assembled here have in common: numbers, locals, sections of the binary format.

export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;
export const END = 0x0b;

/** LEB128. */
export function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    out.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return out;
}

/** Signed LEB128. */
export function signed(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) return [...out, byte];
    out.push(byte | 0x80);
  }
}

export const get = (local: number): number[] => [0x20, ...unsigned(local)];
export const set = (local: number): number[] => [0x21, ...unsigned(local)];
export const tee = (local: number): number[] => [0x22, ...unsigned(local)];
export const i32 = (value: number): number[] => [0x41, ...signed(value)];

export function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

export function name(text: string): number[] {
  return [text.length, ...new TextEncoder().encode(text)];
}

/** A function's code with its length. */
export function sized(code: readonly number[]): number[] {
  return [...unsigned(code.length), ...code];
}

/** Bytes that lie at address 0 from the beginning: the data section. */
export function initialBytes(bytes: readonly number[]): number[] {
  return section(11, [1, 0, ...i32(0), END, ...unsigned(bytes.length), ...bytes]);
}

export const MAGIC: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
