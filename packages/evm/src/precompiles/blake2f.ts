import type { Precompile } from "./precompile.ts";

const INPUT_BYTES = 213;

/** Initial values of BLAKE2b (RFC 7693), each as low and high half. */
const IV = Uint32Array.of(
  0xf3bcc908,
  0x6a09e667,
  0x84caa73b,
  0xbb67ae85,
  0xfe94f82b,
  0x3c6ef372,
  0x5f1d36f1,
  0xa54ff53a,
  0xade682d1,
  0x510e527f,
  0x2b3e6c1f,
  0x9b05688c,
  0xfb41bd6b,
  0x1f83d9ab,
  0x137e2179,
  0x5be0cd19,
);

/** Order of the message words in each of the ten different rounds. */
const SIGMA = Uint8Array.of(
  0,
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  14,
  10,
  4,
  8,
  9,
  15,
  13,
  6,
  1,
  12,
  0,
  2,
  11,
  7,
  5,
  3,
  11,
  8,
  12,
  0,
  5,
  2,
  15,
  13,
  10,
  14,
  3,
  6,
  7,
  1,
  9,
  4,
  7,
  9,
  3,
  1,
  13,
  12,
  11,
  14,
  2,
  6,
  5,
  10,
  4,
  0,
  15,
  8,
  9,
  0,
  5,
  7,
  2,
  4,
  10,
  15,
  14,
  1,
  11,
  12,
  6,
  8,
  3,
  13,
  2,
  12,
  6,
  10,
  0,
  11,
  8,
  3,
  4,
  13,
  7,
  5,
  15,
  14,
  1,
  9,
  12,
  5,
  1,
  15,
  14,
  13,
  4,
  10,
  0,
  7,
  6,
  3,
  9,
  2,
  8,
  11,
  13,
  11,
  7,
  14,
  12,
  1,
  3,
  9,
  5,
  0,
  15,
  4,
  8,
  6,
  2,
  10,
  6,
  15,
  14,
  9,
  11,
  3,
  0,
  8,
  12,
  2,
  13,
  7,
  1,
  4,
  10,
  5,
  10,
  2,
  8,
  4,
  7,
  6,
  1,
  5,
  15,
  11,
  9,
  14,
  3,
  12,
  13,
  0,
);

/** v[a] += v[b] + m, all as pairs of 32-bit halves: the engine has no fast 64-bit numbers. */
function addWord(v: Uint32Array, a: number, b: number, low: number, high: number): void {
  const sum = (v[a] ?? 0) + (v[b] ?? 0) + low;
  v[a + 1] = (v[a + 1] ?? 0) + (v[b + 1] ?? 0) + high + Math.floor(sum / 0x1_0000_0000);
  v[a] = sum;
}

/** v[d] = (v[d] ^ v[a]) rotated right by `by` bits, which is not 32. */
function xorRotate(v: Uint32Array, d: number, a: number, by: number): void {
  const low = (v[d] ?? 0) ^ (v[a] ?? 0);
  const high = (v[d + 1] ?? 0) ^ (v[a + 1] ?? 0);
  if (by < 32) {
    v[d] = (low >>> by) | (high << (32 - by));
    v[d + 1] = (high >>> by) | (low << (32 - by));
  } else {
    v[d] = (high >>> (by - 32)) | (low << (64 - by));
    v[d + 1] = (low >>> (by - 32)) | (high << (64 - by));
  }
}

function mix(v: Uint32Array, m: Uint32Array, a: number, b: number, c: number, d: number, x: number, y: number): void {
  addWord(v, a, b, m[x] ?? 0, m[x + 1] ?? 0);
  const low = (v[d] ?? 0) ^ (v[a] ?? 0);
  v[d] = (v[d + 1] ?? 0) ^ (v[a + 1] ?? 0);
  v[d + 1] = low;
  addWord(v, c, d, 0, 0);
  xorRotate(v, b, c, 24);
  addWord(v, a, b, m[y] ?? 0, m[y + 1] ?? 0);
  xorRotate(v, d, a, 16);
  addWord(v, c, d, 0, 0);
  xorRotate(v, b, c, 63);
}

function round(v: Uint32Array, m: Uint32Array, number: number): void {
  const at = (number % 10) * 16;
  const word = (i: number): number => (SIGMA[at + i] ?? 0) * 2;
  mix(v, m, 0, 8, 16, 24, word(0), word(1));
  mix(v, m, 2, 10, 18, 26, word(2), word(3));
  mix(v, m, 4, 12, 20, 28, word(4), word(5));
  mix(v, m, 6, 14, 22, 30, word(6), word(7));
  mix(v, m, 0, 10, 20, 30, word(8), word(9));
  mix(v, m, 2, 12, 22, 24, word(10), word(11));
  mix(v, m, 4, 14, 16, 26, word(12), word(13));
  mix(v, m, 6, 8, 18, 28, word(14), word(15));
}

/** `count` halves of little-endian words. */
function halves(view: DataView, at: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * i, true));
}

/** The compression function of BLAKE2b (EIP-152): one gas a round. */
export const blake2f: Precompile = {
  cost: (input) =>
    input.length === INPUT_BYTES ? BigInt(new DataView(input.buffer, input.byteOffset).getUint32(0)) : 0n,
  run(input: Uint8Array): Uint8Array | undefined {
    const final = input[212] ?? 2;
    if (input.length !== INPUT_BYTES || final > 1) return undefined;
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    const rounds = view.getUint32(0);
    const h = halves(view, 4, 16);
    const m = halves(view, 68, 32);
    const offset = halves(view, 196, 4);
    const v = new Uint32Array(32);
    v.set(h);
    v.set(IV, 16);
    for (let i = 0; i < 4; i++) v[24 + i] = (v[24 + i] ?? 0) ^ (offset[i] ?? 0);
    if (final === 1) {
      v[28] = ~(v[28] ?? 0);
      v[29] = ~(v[29] ?? 0);
    }
    for (let i = 0; i < rounds; i++) round(v, m, i);
    const output = new DataView(new ArrayBuffer(64));
    for (let i = 0; i < 16; i++) output.setUint32(4 * i, (h[i] ?? 0) ^ (v[i] ?? 0) ^ (v[i + 16] ?? 0), true);
    return new Uint8Array(output.buffer);
  },
};
