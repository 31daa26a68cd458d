/** Offset and length of the memory that an instruction touches, by their places on the stack. */
const ranges: ReadonlyMap<number, readonly (readonly [offset: number, length: number | bigint])[]> = new Map([
  [0x20, [[0, 1]]],
  [0x37, [[0, 2]]],
  [0x39, [[0, 2]]],
  [0x3c, [[1, 3]]],
  [0x3e, [[0, 2]]],
  [0x51, [[0, 32n]]],
  [0x52, [[0, 32n]]],
  [0x53, [[0, 1n]]],
  [
    0x5e,
    [
      [0, 2],
      [1, 2],
    ],
  ],
  [0xa0, [[0, 1]]],
  [0xa1, [[0, 1]]],
  [0xa2, [[0, 1]]],
  [0xa3, [[0, 1]]],
  [0xa4, [[0, 1]]],
  [0xf0, [[1, 2]]],
  [
    0xf1,
    [
      [3, 4],
      [5, 6],
    ],
  ],
  [
    0xf2,
    [
      [3, 4],
      [5, 6],
    ],
  ],
  [0xf3, [[0, 1]]],
  [
    0xf4,
    [
      [2, 3],
      [4, 5],
    ],
  ],
  [0xf5, [[1, 2]]],
  [
    0xfa,
    [
      [2, 3],
      [4, 5],
    ],
  ],
  [0xfd, [[0, 1]]],
]);

/** Beyond it geth does not compute the gas of memory. */
export const LARGEST_MEMORY: bigint = 0x1f_ffff_ffe0n;

type Operands = { readonly op: number; readonly memorySize: number; stack(index: number): bigint };

/** Bytes that memory has to have for the instruction, not rounded; 0 for none. */
export function memoryEnd(step: Operands): bigint {
  let end = 0n;
  for (const [offset, length] of ranges.get(step.op) ?? []) {
    const size = typeof length === "bigint" ? length : step.stack(length);
    if (size === 0n) continue;
    const reach = step.stack(offset) + size;
    if (reach > end) end = reach;
  }
  return end;
}

/** Gas of the instruction for making memory longer (Yellow Paper, appendix H). */
export function memoryGas(step: Operands): bigint {
  const total = (words: bigint): bigint => 3n * words + (words * words) / 512n;
  const words = (memoryEnd(step) + 31n) / 32n;
  const old = BigInt(step.memorySize / 32);
  return words > old ? total(words) - total(old) : 0n;
}
