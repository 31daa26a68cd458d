// The compression function of BLAKE2b (RFC 7693, EIP-152), two words at a time in vectors.
import { RETURN } from "./layout";

/** Message words in the order of their use, as vectors: eight for each of the ten different rounds. */
const SCHEDULE: usize = RETURN + 0x1000;
const ROW: usize = 128;

const IV = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);

const SIGMA = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
  11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
  7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
  9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
  2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
  12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
  13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
  6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
  10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
]);

// @ts-ignore: decorator
@inline
function rotate32(x: v128): v128 {
  return v128.shuffle<u32>(x, x, 1, 0, 3, 2);
}

// @ts-ignore: decorator
@inline
function rotate24(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10);
}

// @ts-ignore: decorator
@inline
function rotate16(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9);
}

// @ts-ignore: decorator
@inline
function rotate63(x: v128): v128 {
  return v128.or(i64x2.add(x, x), i64x2.shr_u(x, 63));
}

/** A round takes first the even words of each half of its row, then the odd ones. */
function schedule(message: usize): void {
  for (let row: usize = 0; row < 10; row++) {
    for (let i: usize = 0; i < 16; i++) {
      const half = i >> 3, within = i & 7;
      const word = usize(load<u8>(SIGMA + (row << 4) + i));
      const place = (half << 3) + ((within & 1) << 2) + (within >> 1);
      store<u64>(SCHEDULE + row * ROW + (place << 3), load<u64>(message + (word << 3)));
    }
  }
}

/** The 213 bytes at `from`, whose last is 0 or 1, to the 64 bytes at `to`. */
export function blake2f(from: usize, to: usize): void {
  const rounds = bswap<u32>(load<u32>(from));
  schedule(from + 68);
  const state = from + 4;
  let a0 = v128.load(state), a1 = v128.load(state, 16);
  let b0 = v128.load(state, 32), b1 = v128.load(state, 48);
  let c0 = v128.load(IV), c1 = v128.load(IV, 16);
  let d0 = v128.xor(v128.load(IV, 32), v128.load(from + 196));
  let d1 = v128.load(IV, 48);
  if (load<u8>(from, 212) != 0) d1 = v128.xor(d1, i64x2(-1, 0));
  let row = SCHEDULE;
  for (let i: u32 = 0; i < rounds; i++) {
    // Columns.
    a0 = i64x2.add(i64x2.add(a0, b0), v128.load(row));
    a1 = i64x2.add(i64x2.add(a1, b1), v128.load(row, 16));
    d0 = rotate32(v128.xor(d0, a0));
    d1 = rotate32(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0);
    c1 = i64x2.add(c1, d1);
    b0 = rotate24(v128.xor(b0, c0));
    b1 = rotate24(v128.xor(b1, c1));
    a0 = i64x2.add(i64x2.add(a0, b0), v128.load(row, 32));
    a1 = i64x2.add(i64x2.add(a1, b1), v128.load(row, 48));
    d0 = rotate16(v128.xor(d0, a0));
    d1 = rotate16(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0);
    c1 = i64x2.add(c1, d1);
    b0 = rotate63(v128.xor(b0, c0));
    b1 = rotate63(v128.xor(b1, c1));
    // Diagonals, as columns of turned rows.
    let turned = v128.shuffle<u64>(b0, b1, 1, 2);
    b1 = v128.shuffle<u64>(b1, b0, 1, 2);
    b0 = turned;
    turned = c0;
    c0 = c1;
    c1 = turned;
    turned = v128.shuffle<u64>(d1, d0, 1, 2);
    d1 = v128.shuffle<u64>(d0, d1, 1, 2);
    d0 = turned;
    a0 = i64x2.add(i64x2.add(a0, b0), v128.load(row, 64));
    a1 = i64x2.add(i64x2.add(a1, b1), v128.load(row, 80));
    d0 = rotate32(v128.xor(d0, a0));
    d1 = rotate32(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0);
    c1 = i64x2.add(c1, d1);
    b0 = rotate24(v128.xor(b0, c0));
    b1 = rotate24(v128.xor(b1, c1));
    a0 = i64x2.add(i64x2.add(a0, b0), v128.load(row, 96));
    a1 = i64x2.add(i64x2.add(a1, b1), v128.load(row, 112));
    d0 = rotate16(v128.xor(d0, a0));
    d1 = rotate16(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0);
    c1 = i64x2.add(c1, d1);
    b0 = rotate63(v128.xor(b0, c0));
    b1 = rotate63(v128.xor(b1, c1));
    turned = v128.shuffle<u64>(b1, b0, 1, 2);
    b1 = v128.shuffle<u64>(b0, b1, 1, 2);
    b0 = turned;
    turned = c0;
    c0 = c1;
    c1 = turned;
    turned = v128.shuffle<u64>(d0, d1, 1, 2);
    d1 = v128.shuffle<u64>(d1, d0, 1, 2);
    d0 = turned;
    row += ROW;
    if (row == SCHEDULE + 10 * ROW) row = SCHEDULE;
  }
  const h0 = v128.xor(v128.load(state), v128.xor(a0, c0));
  const h1 = v128.xor(v128.load(state, 16), v128.xor(a1, c1));
  const h2 = v128.xor(v128.load(state, 32), v128.xor(b0, d0));
  const h3 = v128.xor(v128.load(state, 48), v128.xor(b1, d1));
  v128.store(to, h0);
  v128.store(to, h1, 16);
  v128.store(to, h2, 32);
  v128.store(to, h3, 48);
}
