// Words of 256 bits: four u64 limbs at an address, the lowest first.
import { DIGITS_Q, DIGITS_U, DIGITS_V, WIDE, WORD_A, WORD_B } from "./layout";

// @ts-ignore: decorator
@inline
export function copyWord(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

// @ts-ignore: decorator
@inline
export function setWord(to: usize, a: u64, b: u64, c: u64, d: u64): void {
  store<u64>(to, a);
  store<u64>(to, b, 8);
  store<u64>(to, c, 16);
  store<u64>(to, d, 24);
}

// @ts-ignore: decorator
@inline
export function setSmall(to: usize, value: u64): void {
  setWord(to, value, 0, 0, 0);
}

// @ts-ignore: decorator
@inline
export function isZero(a: usize): boolean {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

// @ts-ignore: decorator
@inline
export function equal(a: usize, b: usize): boolean {
  return (
    ((load<u64>(a) ^ load<u64>(b)) |
      (load<u64>(a, 8) ^ load<u64>(b, 8)) |
      (load<u64>(a, 16) ^ load<u64>(b, 16)) |
      (load<u64>(a, 24) ^ load<u64>(b, 24))) ==
    0
  );
}

// @ts-ignore: decorator
@inline
export function less(a: usize, b: usize): boolean {
  const a3 = load<u64>(a, 24), b3 = load<u64>(b, 24);
  if (a3 != b3) return a3 < b3;
  const a2 = load<u64>(a, 16), b2 = load<u64>(b, 16);
  if (a2 != b2) return a2 < b2;
  const a1 = load<u64>(a, 8), b1 = load<u64>(b, 8);
  if (a1 != b1) return a1 < b1;
  return load<u64>(a) < load<u64>(b);
}

// @ts-ignore: decorator
@inline
export function signedLess(a: usize, b: usize): boolean {
  const a3 = load<i64>(a, 24), b3 = load<i64>(b, 24);
  if ((a3 ^ b3) < 0) return a3 < 0;
  return less(a, b);
}

/** to = a + b; returns the carry. */
export function addCarry(to: usize, a: usize, b: usize): u64 {
  let carry: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i), s = x + load<u64>(b + i), t = s + carry;
    carry = u64(s < x) | u64(t < s);
    store<u64>(to + i, t);
  }
  return carry;
}

/** to = a - b; returns the borrow. */
export function subBorrow(to: usize, a: usize, b: usize): u64 {
  let borrow: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i), y = load<u64>(b + i), s = x - y, t = s - borrow;
    borrow = u64(x < y) | u64(s < borrow);
    store<u64>(to + i, t);
  }
  return borrow;
}

// @ts-ignore: decorator
@inline
export function add(to: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16);
  const r0 = a0 + load<u64>(b);
  const c0 = u64(r0 < a0);
  const s1 = a1 + load<u64>(b, 8), r1 = s1 + c0;
  const c1 = u64(s1 < a1) | u64(r1 < s1);
  const s2 = a2 + load<u64>(b, 16), r2 = s2 + c1;
  const c2 = u64(s2 < a2) | u64(r2 < s2);
  const r3 = load<u64>(a, 24) + load<u64>(b, 24) + c2;
  setWord(to, r0, r1, r2, r3);
}

// @ts-ignore: decorator
@inline
export function sub(to: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16);
  const b0 = load<u64>(b), b1 = load<u64>(b, 8), b2 = load<u64>(b, 16);
  const c0 = u64(a0 < b0);
  const s1 = a1 - b1, r1 = s1 - c0;
  const c1 = u64(a1 < b1) | u64(s1 < c0);
  const s2 = a2 - b2, r2 = s2 - c1;
  const c2 = u64(a2 < b2) | u64(s2 < c1);
  const r3 = load<u64>(a, 24) - load<u64>(b, 24) - c2;
  setWord(to, a0 - b0, r1, r2, r3);
}

// @ts-ignore: decorator
@inline
function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
  const m = ah * bl + ((al * bl) >> 32);
  const n = al * bh + (m & 0xffffffff);
  return ah * bh + (m >> 32) + (n >> 32);
}

export function mul(to: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16), a3 = load<u64>(a, 24);
  const b0 = load<u64>(b), b1 = load<u64>(b, 8), b2 = load<u64>(b, 16), b3 = load<u64>(b, 24);
  if ((a1 | a2 | a3 | b1 | b2 | b3) == 0) {
    setWord(to, a0 * b0, mulHigh(a0, b0), 0, 0);
    return;
  }
  let r1 = mulHigh(a0, b0);
  let r2: u64 = mulHigh(a0, b1) + 0;
  let r3: u64 = 0;
  let t = a0 * b1;
  r1 += t;
  let c = u64(r1 < t);
  t = a1 * b0;
  r1 += t;
  c += u64(r1 < t);
  r2 += c;
  r3 += u64(r2 < c);
  t = mulHigh(a1, b0);
  r2 += t;
  r3 += u64(r2 < t);
  t = a0 * b2;
  r2 += t;
  r3 += u64(r2 < t);
  t = a1 * b1;
  r2 += t;
  r3 += u64(r2 < t);
  t = a2 * b0;
  r2 += t;
  r3 += u64(r2 < t);
  r3 += mulHigh(a0, b2) + mulHigh(a1, b1) + mulHigh(a2, b0) + a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0;
  setWord(to, a0 * b0, r1, r2, r3);
}

/** 512 bits of a * b at `to`, which is neither a nor b. */
function mulWide(to: usize, a: usize, b: usize): void {
  memory.fill(to, 0, 64);
  for (let i: usize = 0; i < 32; i += 4) {
    const x = u64(load<u32>(a + i));
    if (x == 0) continue;
    let carry: u64 = 0;
    for (let j: usize = 0; j < 32; j += 4) {
      const t = x * u64(load<u32>(b + j)) + u64(load<u32>(to + i + j)) + carry;
      store<u32>(to + i + j, u32(t));
      carry = t >> 32;
    }
    store<u32>(to + i + 32, u32(carry));
  }
}

function digits(from: usize, most: usize): usize {
  let n = most;
  while (n > 0 && load<u32>(from + ((n - 1) << 2)) == 0) n--;
  return n;
}

/**
 * Knuth's algorithm D on 32-bit digits: DIGITS_U (m digits, room for one more) by DIGITS_V (n > 0 digits, the highest
 * not 0). The quotient comes to DIGITS_Q (m - n + 1 digits), the remainder to DIGITS_U (n digits).
 */
function divideDigits(m: usize, n: usize): void {
  if (n == 1) {
    const v = u64(load<u32>(DIGITS_V));
    let rest: u64 = 0;
    for (let i = m; i > 0; i--) {
      const at = (i - 1) << 2;
      const t = (rest << 32) | u64(load<u32>(DIGITS_U + at));
      const q = t / v;
      rest = t - q * v;
      store<u32>(DIGITS_Q + at, u32(q));
    }
    store<u32>(DIGITS_U, u32(rest));
    return;
  }
  const shift = u64(clz<u32>(load<u32>(DIGITS_V + ((n - 1) << 2))));
  // Shifts of a pair of digits in 64 bits: right for shift 0 too.
  for (let i = n - 1; i > 0; i--) {
    const pair = (u64(load<u32>(DIGITS_V + (i << 2))) << 32) | u64(load<u32>(DIGITS_V + ((i - 1) << 2)));
    store<u32>(DIGITS_V + (i << 2), u32((pair << shift) >> 32));
  }
  store<u32>(DIGITS_V, u32(u64(load<u32>(DIGITS_V)) << shift));
  store<u32>(DIGITS_U + (m << 2), u32((u64(load<u32>(DIGITS_U + ((m - 1) << 2))) << shift) >> 32));
  for (let i = m - 1; i > 0; i--) {
    const pair = (u64(load<u32>(DIGITS_U + (i << 2))) << 32) | u64(load<u32>(DIGITS_U + ((i - 1) << 2)));
    store<u32>(DIGITS_U + (i << 2), u32((pair << shift) >> 32));
  }
  store<u32>(DIGITS_U, u32(u64(load<u32>(DIGITS_U)) << shift));

  const v1 = u64(load<u32>(DIGITS_V + ((n - 1) << 2)));
  const v2 = u64(load<u32>(DIGITS_V + ((n - 2) << 2)));
  for (let k = m - n + 1; k > 0; k--) {
    const j = k - 1;
    const at = DIGITS_U + ((j + n) << 2);
    const high = (u64(load<u32>(at)) << 32) | u64(load<u32>(at - 4));
    const next = u64(load<u32>(at - 8));
    let q = high / v1;
    let rest = high - q * v1;
    while (q > 0xffffffff || q * v2 > ((rest << 32) | next)) {
      q--;
      rest += v1;
      if (rest > 0xffffffff) break;
    }
    let carry: u64 = 0;
    let borrow: i64 = 0;
    for (let i: usize = 0; i < n; i++) {
      const u = DIGITS_U + ((i + j) << 2);
      const product = q * u64(load<u32>(DIGITS_V + (i << 2))) + carry;
      carry = product >> 32;
      const t = i64(load<u32>(u)) - i64(product & 0xffffffff) + borrow;
      store<u32>(u, u32(t));
      borrow = t >> 32;
    }
    const t = i64(load<u32>(at)) - i64(carry) + borrow;
    store<u32>(at, u32(t));
    if (t < 0) {
      q--;
      carry = 0;
      for (let i: usize = 0; i < n; i++) {
        const u = DIGITS_U + ((i + j) << 2);
        const sum = u64(load<u32>(u)) + u64(load<u32>(DIGITS_V + (i << 2))) + carry;
        store<u32>(u, u32(sum));
        carry = sum >> 32;
      }
      store<u32>(at, u32(u64(load<u32>(at)) + carry));
    }
    store<u32>(DIGITS_Q + (j << 2), u32(q));
  }
  for (let i: usize = 0; i < n; i++) {
    const pair = u64(load<u32>(DIGITS_U + (i << 2))) | (u64(load<u32>(DIGITS_U + ((i + 1) << 2))) << 32);
    store<u32>(DIGITS_U + (i << 2), u32(pair >> shift));
  }
}

function fits64(a: usize): boolean {
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** to = a / b, 0 for b = 0. */
export function div(to: usize, a: usize, b: usize): void {
  if (isZero(b) || less(a, b)) {
    setSmall(to, 0);
    return;
  }
  if (fits64(a)) {
    setSmall(to, load<u64>(a) / load<u64>(b));
    return;
  }
  copyWord(DIGITS_U, a);
  copyWord(DIGITS_V, b);
  const m = digits(DIGITS_U, 8), n = digits(DIGITS_V, 8);
  setSmall(DIGITS_Q, 0);
  divideDigits(m, n);
  copyWord(to, DIGITS_Q);
}

function restTo(to: usize, n: usize): void {
  const limbs = DIGITS_U;
  for (let i = n; i < 8; i++) store<u32>(limbs + (i << 2), 0);
  copyWord(to, limbs);
}

/** to = a mod b, 0 for b = 0. */
export function mod(to: usize, a: usize, b: usize): void {
  if (isZero(b)) {
    setSmall(to, 0);
    return;
  }
  if (less(a, b)) {
    copyWord(to, a);
    return;
  }
  if (fits64(a)) {
    setSmall(to, load<u64>(a) % load<u64>(b));
    return;
  }
  copyWord(DIGITS_U, a);
  copyWord(DIGITS_V, b);
  const n = digits(DIGITS_V, 8);
  divideDigits(digits(DIGITS_U, 8), n);
  restTo(to, n);
}

function negate(to: usize, a: usize): void {
  let carry: u64 = 1;
  for (let i: usize = 0; i < 32; i += 8) {
    const t = ~load<u64>(a + i) + carry;
    carry = u64(carry != 0 && t == 0);
    store<u64>(to + i, t);
  }
}

function magnitude(to: usize, a: usize): boolean {
  const negative = load<i64>(a, 24) < 0;
  if (negative) negate(to, a);
  else copyWord(to, a);
  return negative;
}

export function sdiv(to: usize, a: usize, b: usize): void {
  const x = magnitude(WORD_A, a), y = magnitude(WORD_B, b);
  div(to, WORD_A, WORD_B);
  if (x != y) negate(to, to);
}

export function smod(to: usize, a: usize, b: usize): void {
  const negative = magnitude(WORD_A, a);
  magnitude(WORD_B, b);
  mod(to, WORD_A, WORD_B);
  if (negative) negate(to, to);
}

export function addmod(to: usize, a: usize, b: usize, n: usize): void {
  if (isZero(n)) {
    setSmall(to, 0);
    return;
  }
  const reduced = less(a, n) && less(b, n);
  const carry = addCarry(WORD_A, a, b);
  if (reduced) {
    if (carry != 0 || !less(WORD_A, n)) subBorrow(to, WORD_A, n);
    else copyWord(to, WORD_A);
    return;
  }
  if (carry == 0) {
    mod(to, WORD_A, n);
    return;
  }
  copyWord(DIGITS_U, WORD_A);
  store<u32>(DIGITS_U + 32, 1);
  copyWord(DIGITS_V, n);
  const length = digits(DIGITS_V, 8);
  divideDigits(9, length);
  restTo(to, length);
}

export function mulmod(to: usize, a: usize, b: usize, n: usize): void {
  if (isZero(n)) {
    setSmall(to, 0);
    return;
  }
  mulWide(WIDE, a, b);
  const m = digits(WIDE, 16);
  if (m <= 8) {
    mod(to, WIDE, n);
    return;
  }
  memory.copy(DIGITS_U, WIDE, 64);
  copyWord(DIGITS_V, n);
  const length = digits(DIGITS_V, 8);
  divideDigits(m, length);
  restTo(to, length);
}

export function exp(to: usize, a: usize, e: usize): void {
  copyWord(WORD_A, a);
  copyWord(WORD_B, e);
  setSmall(to, 1);
  let top: usize = 32;
  while (top > 0 && load<u64>(WORD_B + top - 8) == 0) top -= 8;
  for (let at: usize = 0; at < top; at += 8) {
    let limb = load<u64>(WORD_B + at);
    const last = at + 8 == top;
    for (let i = 0; i < 64; i++) {
      if (limb & 1) mul(to, to, WORD_A);
      limb >>= 1;
      if (last && limb == 0) return;
      mul(WORD_A, WORD_A, WORD_A);
    }
  }
}

/** Bytes without leading zeros. */
export function byteLength(a: usize): u32 {
  return (256 - leadingZeros(a) + 7) >> 3;
}

export function leadingZeros(a: usize): u32 {
  let x = load<u64>(a, 24);
  if (x != 0) return u32(clz<u64>(x));
  x = load<u64>(a, 16);
  if (x != 0) return u32(clz<u64>(x)) + 64;
  x = load<u64>(a, 8);
  if (x != 0) return u32(clz<u64>(x)) + 128;
  return u32(clz<u64>(load<u64>(a))) + 192;
}

// @ts-ignore: decorator
@inline
function shiftBy(a: usize): u64 {
  const s = load<u64>(a);
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0 && s < 256 ? s : 256;
}

export function shl(to: usize, by: usize, a: usize): void {
  const s = shiftBy(by);
  if (s == 256) {
    setSmall(to, 0);
    return;
  }
  const bits = s & 63, words = s >> 6, back = 63 - bits;
  let x0 = load<u64>(a), x1 = load<u64>(a, 8), x2 = load<u64>(a, 16), x3 = load<u64>(a, 24);
  if (words & 1) {
    x3 = x2;
    x2 = x1;
    x1 = x0;
    x0 = 0;
  }
  if (words & 2) {
    x3 = x1;
    x2 = x0;
    x1 = 0;
    x0 = 0;
  }
  setWord(
    to,
    x0 << bits,
    (x1 << bits) | ((x0 >> 1) >> back),
    (x2 << bits) | ((x1 >> 1) >> back),
    (x3 << bits) | ((x2 >> 1) >> back),
  );
}

// @ts-ignore: decorator
@inline
function shiftRight(to: usize, a: usize, s: u64, fill: u64): void {
  const bits = s & 63, words = s >> 6, back = 63 - bits;
  let x0 = load<u64>(a), x1 = load<u64>(a, 8), x2 = load<u64>(a, 16), x3 = load<u64>(a, 24);
  if (words & 1) {
    x0 = x1;
    x1 = x2;
    x2 = x3;
    x3 = fill;
  }
  if (words & 2) {
    x0 = x2;
    x1 = x3;
    x2 = fill;
    x3 = fill;
  }
  setWord(
    to,
    (x0 >> bits) | ((x1 << 1) << back),
    (x1 >> bits) | ((x2 << 1) << back),
    (x2 >> bits) | ((x3 << 1) << back),
    (x3 >> bits) | ((fill << 1) << back),
  );
}

export function shr(to: usize, by: usize, a: usize): void {
  const s = shiftBy(by);
  if (s == 256) {
    setSmall(to, 0);
    return;
  }
  shiftRight(to, a, s, 0);
}

export function sar(to: usize, by: usize, a: usize): void {
  const s = shiftBy(by);
  const fill = u64(load<i64>(a, 24) >> 63);
  if (s == 256) {
    setWord(to, fill, fill, fill, fill);
    return;
  }
  shiftRight(to, a, s, fill);
}

/** to = a, its byte `at` (from the lowest) taken as the sign. */
export function signextend(to: usize, at: usize, a: usize): void {
  const byte = load<u64>(at);
  copyWord(to, a);
  if ((load<u64>(at, 8) | load<u64>(at, 16) | load<u64>(at, 24)) != 0 || byte > 30) return;
  const bit = byte * 8 + 7;
  const limb = to + usize(bit >> 6) * 8;
  const shift = 63 - (bit & 63);
  const x = i64(load<u64>(limb) << shift) >> shift;
  store<i64>(limb, x);
  for (let p = limb + 8; p < to + 32; p += 8) store<i64>(p, x >> 63);
}

// @ts-ignore: decorator
@inline
export function fromBytes(to: usize, from: usize): void {
  setWord(
    to,
    bswap<u64>(load<u64>(from, 24)),
    bswap<u64>(load<u64>(from, 16)),
    bswap<u64>(load<u64>(from, 8)),
    bswap<u64>(load<u64>(from)),
  );
}

/** Reads all before it writes: `to` may be `from`. */
// @ts-ignore: decorator
@inline
export function toBytes(to: usize, from: usize): void {
  fromBytes(to, from);
}
