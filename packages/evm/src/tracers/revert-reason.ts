// Solidity's documented panic codes, in geth's words.
const panics: ReadonlyMap<bigint, string> = new Map([
  [0x00n, "generic panic"],
  [0x01n, "assert(false)"],
  [0x11n, "arithmetic underflow or overflow"],
  [0x12n, "division or modulo by zero"],
  [0x21n, "enum overflow"],
  [0x22n, "invalid encoded storage byte array accessed"],
  [0x31n, "out-of-bounds array access; popping on an empty array"],
  [0x32n, "out-of-bounds access of an array or bytesN"],
  [0x41n, "out of memory"],
  [0x51n, "uninitialized function"],
]);

function wordOf(data: Buffer, at: number): bigint | undefined {
  return at + 32 <= data.length ? BigInt(`0x${data.toString("hex", at, at + 32)}`) : undefined;
}

function textOf(data: Buffer): string | undefined {
  const offset = wordOf(data, 0);
  if (offset === undefined || offset > BigInt(data.length)) return undefined;
  const start = Number(offset);
  const length = wordOf(data, start);
  if (length === undefined || length > BigInt(data.length - start - 32)) return undefined;
  return data.toString("utf8", start + 32, start + 32 + Number(length));
}

/** What Error(string) or Panic(uint256) says; undefined for any other output. */
export function revertReason(output: Uint8Array): string | undefined {
  const data = Buffer.from(output.buffer, output.byteOffset, output.byteLength);
  const selector = data.toString("hex", 0, 4);
  if (selector === "08c379a0") return textOf(data.subarray(4));
  if (selector !== "4e487b71") return undefined;
  const code = wordOf(data, 4);
  return code === undefined ? undefined : (panics.get(code) ?? `unknown panic code: 0x${code.toString(16)}`);
}
