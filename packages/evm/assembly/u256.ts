// Words of 256 bits: four u64 limbs at an address, the lowest first.
import { QUOTIENT, DIVIDEND, DIVISOR, WIDE, WORD_A, WORD_B } from "./layout";

// @ts-ignore: decorator
@inline
export function copyWord(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

/** A copy by limbs: reading 16 bytes at once of what was just written by limbs would wait for the writes to end. */
// @ts-ignore: decorator
@inline
export function dupWord(to: usize, from: usize): void {
  setWord(to, load<u64>(from), load<u64>(from, 8), load<u64>(from, 16), load<u64>(from, 24));
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

/** to = (a3, a2, a1, a0) * b */
// @ts-ignore: decorator
@inline
function mulLimb(to: usize, a0: u64, a1: u64, a2: u64, a3: u64, b: u64): void {
  const t1 = a1 * b, r1 = t1 + mulHigh(a0, b);
  const t2 = a2 * b + u64(r1 < t1), r2 = t2 + mulHigh(a1, b);
  const c2 = u64(r2 < t2) + u64(t2 == 0 && r1 < t1);
  setWord(to, a0 * b, r1, r2, a3 * b + mulHigh(a2, b) + c2);
}

export function mul(to: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16), a3 = load<u64>(a, 24);
  const b0 = load<u64>(b), b1 = load<u64>(b, 8), b2 = load<u64>(b, 16), b3 = load<u64>(b, 24);
  if ((b1 | b2 | b3) == 0) {
    mulLimb(to, a0, a1, a2, a3, b0);
    return;
  }
  if ((a1 | a2 | a3) == 0) {
    mulLimb(to, b0, b1, b2, b3, a0);
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
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    if (x == 0) continue;
    let carry: u64 = 0;
    for (let j: usize = 0; j < 32; j += 8) {
      const y = load<u64>(b + j), low = x * y;
      const s = low + load<u64>(to + i + j), t = s + carry;
      carry = mulHigh(x, y) + u64(s < low) + u64(t < carry);
      store<u64>(to + i + j, t);
    }
    store<u64>(to + i + 32, carry);
  }
}

/** Limbs at `from` but for leading zeros, of `most`. */
function limbs(from: usize, most: usize): usize {
  let n = most;
  while (n > 0 && load<u64>(from + ((n - 1) << 3)) == 0) n--;
  return n;
}

/** floor((2^128 - 1) / d) - 2^64 for d >= 2^63. Moeller and Granlund, Improved division by invariant integers, algorithm 3. */
function reciprocal(d: u64): u64 {
  const d40 = (d >> 24) + 1;
  const v0 = u64(0x7fd00 / u32(d >> 55));
  const v1 = (v0 << 11) - ((v0 * v0 * d40) >> 40) - 1;
  const v2 = (v1 << 13) + ((v1 * (0x1000000000000000 - v1 * d40)) >> 47);
  const half = d & 1;
  const e = ((v2 >> 1) & (0 - half)) - v2 * ((d >> 1) + half);
  const v3 = (v2 << 31) + (mulHigh(v2, e) >> 1);
  const low = v3 * d;
  return v3 - (mulHigh(v3, d) + u64(low + d < low) + d);
}

/** floor((2^192 - 1) / (d1, d0)) - 2^64 for d1 >= 2^63. The same, algorithm 6. */
function reciprocal2(d1: u64, d0: u64): u64 {
  let v = reciprocal(d1);
  let p = d1 * v + d0;
  if (p < d0) {
    v--;
    if (p >= d1) {
      v--;
      p -= d1;
    }
    p -= d1;
  }
  const t1 = mulHigh(v, d0), t0 = v * d0;
  p += t1;
  if (p < t1) {
    v--;
    if (p > d1 || (p == d1 && t0 >= d0)) v--;
  }
  return v;
}

/**
 * (rest, U of m limbs) by d >= 2^63, rest < d: the quotient to QUOTIENT, the remainder is returned. The same,
 * algorithm 4.
 */
function divideByLimb(m: usize, rest: u64, d: u64): u64 {
  const v = reciprocal(d);
  for (let i = m; i > 0; i--) {
    const at = (i - 1) << 3;
    const next = load<u64>(DIVIDEND + at);
    const low = v * rest + next;
    let q = mulHigh(v, rest) + rest + u64(low < next) + 1;
    let r = next - q * d;
    if (r > low) {
      q--;
      r += d;
    }
    if (r >= d) {
      q++;
      r -= d;
    }
    store<u64>(QUOTIENT + at, q);
    rest = r;
  }
  return rest;
}

/** U[0..n) -= q * V[0..n); returns what is left to be taken from the limb above. */
// @ts-ignore: decorator
@inline
function subtractTimes(u: usize, n: usize, q: u64): u64 {
  let borrow: u64 = 0;
  for (let i: usize = 0; i < n; i++) {
    const v = load<u64>(DIVISOR + (i << 3)), low = q * v, s = low + borrow;
    const x = load<u64>(u + (i << 3));
    store<u64>(u + (i << 3), x - s);
    borrow = mulHigh(q, v) + u64(s < low) + u64(x < s);
  }
  return borrow;
}

/** U[0..n) += V[0..n); returns the carry. */
function addBack(u: usize, n: usize): u64 {
  let carry: u64 = 0;
  for (let i: usize = 0; i < n; i++) {
    const x = load<u64>(u + (i << 3)), s = x + load<u64>(DIVISOR + (i << 3)), t = s + carry;
    store<u64>(u + (i << 3), t);
    carry = u64(s < x) | u64(t < s);
  }
  return carry;
}

/** U, m + 1 limbs, by V, n >= 2 limbs of which the highest is at least 2^63. The same, algorithm 5, in Knuth's D. */
function divideByLimbs(m: usize, n: usize): void {
  const d1 = load<u64>(DIVISOR + ((n - 1) << 3)), d0 = load<u64>(DIVISOR + ((n - 2) << 3));
  const v = reciprocal2(d1, d0);
  for (let k = m - n + 1; k > 0; k--) {
    const u = DIVIDEND + ((k - 1) << 3), top = u + (n << 3);
    const u2 = load<u64>(top), u1 = load<u64>(top - 8), u0 = load<u64>(top - 16);
    if (u2 == d1 && u1 == d0) {
      store<u64>(top, u2 - subtractTimes(u, n, u64.MAX_VALUE));
      store<u64>(QUOTIENT + ((k - 1) << 3), u64.MAX_VALUE);
      continue;
    }
    const low = v * u2 + u1;
    let q = mulHigh(v, u2) + u2 + u64(low < u1);
    const t0 = d0 * q;
    let r1 = u1 - q * d1 - mulHigh(d0, q) - u64(u0 < t0) - d1;
    let r0 = u0 - t0;
    r1 -= u64(r0 < d0);
    r0 -= d0;
    q++;
    if (r1 >= low) {
      q--;
      r0 += d0;
      r1 += d1 + u64(r0 < d0);
    }
    if (r1 > d1 || (r1 == d1 && r0 >= d0)) {
      q++;
      r1 -= d1 + u64(r0 < d0);
      r0 -= d0;
    }
    const over = subtractTimes(u, n - 2, q);
    const borrow = u64(r0 < over);
    store<u64>(top - 16, r0 - over);
    store<u64>(top - 8, r1 - borrow);
    if (r1 < borrow) {
      q--;
      addBack(u, n);
    }
    store<u64>(QUOTIENT + ((k - 1) << 3), q);
  }
}

/**
 * DIVIDEND (m limbs, room for one more) by DIVISOR (n > 0 limbs, the highest not 0). The quotient comes to QUOTIENT
 * (m - n + 1 limbs, m for n = 1), the remainder to DIVIDEND (n limbs).
 */
function divideLimbs(m: usize, n: usize): void {
  const shift = clz<u64>(load<u64>(DIVISOR + ((n - 1) << 3)));
  let over: u64 = 0;
  if (shift != 0) {
    const back = 64 - shift;
    for (let i = n - 1; i > 0; i--) {
      const below = load<u64>(DIVISOR + ((i - 1) << 3));
      store<u64>(DIVISOR + (i << 3), (load<u64>(DIVISOR + (i << 3)) << shift) | (below >> back));
    }
    store<u64>(DIVISOR, load<u64>(DIVISOR) << shift);
    for (let i: usize = 0; i < m; i++) {
      const x = load<u64>(DIVIDEND + (i << 3));
      store<u64>(DIVIDEND + (i << 3), (x << shift) | over);
      over = x >> back;
    }
  }
  if (n == 1) {
    store<u64>(DIVIDEND, divideByLimb(m, over, load<u64>(DIVISOR)) >> shift);
    return;
  }
  store<u64>(DIVIDEND + (m << 3), over);
  divideByLimbs(m, n);
  if (shift == 0) return;
  const back = 64 - shift;
  for (let i: usize = 0; i + 1 < n; i++) {
    const above = load<u64>(DIVIDEND + ((i + 1) << 3));
    store<u64>(DIVIDEND + (i << 3), (load<u64>(DIVIDEND + (i << 3)) >> shift) | (above << back));
  }
  store<u64>(DIVIDEND + ((n - 1) << 3), load<u64>(DIVIDEND + ((n - 1) << 3)) >> shift);
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
  copyWord(DIVIDEND, a);
  copyWord(DIVISOR, b);
  setSmall(QUOTIENT, 0);
  divideLimbs(limbs(DIVIDEND, 4), limbs(DIVISOR, 4));
  copyWord(to, QUOTIENT);
}

function restTo(to: usize, n: usize): void {
  for (let i = n; i < 4; i++) store<u64>(DIVIDEND + (i << 3), 0);
  copyWord(to, DIVIDEND);
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
  copyWord(DIVIDEND, a);
  copyWord(DIVISOR, b);
  const n = limbs(DIVISOR, 4);
  divideLimbs(limbs(DIVIDEND, 4), n);
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
  copyWord(DIVIDEND, WORD_A);
  store<u64>(DIVIDEND + 32, 1);
  copyWord(DIVISOR, n);
  const length = limbs(DIVISOR, 4);
  divideLimbs(5, length);
  restTo(to, length);
}

export function mulmod(to: usize, a: usize, b: usize, n: usize): void {
  if (isZero(n)) {
    setSmall(to, 0);
    return;
  }
  mulWide(WIDE, a, b);
  const m = limbs(WIDE, 8);
  if (m <= 4) {
    mod(to, WIDE, n);
    return;
  }
  memory.copy(DIVIDEND, WIDE, 64);
  copyWord(DIVISOR, n);
  const length = limbs(DIVISOR, 4);
  divideLimbs(m, length);
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
function turned(from: usize): v128 {
  const x = v128.load(from);
  return v128.shuffle<u8>(x, x, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

// @ts-ignore: decorator
@inline
export function fromBytes(to: usize, from: usize): void {
  const low = turned(from + 16), high = turned(from);
  v128.store(to, low);
  v128.store(to, high, 16);
}

/** The word of `length` bytes at `from`, 1 to 16, with the bits of its halves that these are. 16 bytes before lie in memory. */
// @ts-ignore: decorator
@inline
export function fromFew(to: usize, from: usize, length: usize, low: u64, high: u64): void {
  v128.store(to, v128.and(turned(from + length - 16), i64x2(low, high)));
  v128.store(to, i64x2(0, 0), 16);
}

/** The same for 17 to 32 bytes, with the bits of the upper halves. */
// @ts-ignore: decorator
@inline
export function fromMany(to: usize, from: usize, length: usize, low: u64, high: u64): void {
  v128.store(to, turned(from + length - 16));
  v128.store(to, v128.and(turned(from + length - 32), i64x2(low, high)), 16);
}

/** Reads all before it writes: `to` may be `from`. */
// @ts-ignore: decorator
@inline
export function toBytes(to: usize, from: usize): void {
  fromBytes(to, from);
}
