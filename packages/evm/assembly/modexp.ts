// Powers of small numbers modulo small numbers; numbers are digits of 32 bits, the lowest first. Larger ones are faster
// with the engine's own big integers.
import { RETURN } from "./layout";

/** Sixteen powers of at most 32 digits each. */
const TABLE: usize = RETURN + 0x2000;
const SUM: usize = RETURN + 0x4000;
/** Exponents of fewer bytes are not worth a table. */
const WINDOWS_FROM: u32 = 12;

/** The inverse of an odd number modulo 2^64, by Newton's steps: each doubles the digits that are right. */
function inverse(odd: u64): u64 {
  let x = odd * 3 ^ 2;
  for (let i = 0; i < 4; i++) x *= 2 - odd * x;
  return x;
}

// @ts-ignore: decorator
@inline
function high(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  const low = a0 * b0, m1 = a1 * b0 + (low >> 32), m2 = a0 * b1 + (m1 & 0xffffffff);
  return a1 * b1 + (m1 >> 32) + (m2 >> 32);
}

/** a b / 2^64 modulo m. */
// @ts-ignore: decorator
@inline
function times64(a: u64, b: u64, m: u64, inverse: u64): u64 {
  const t = high(a, b), q = high(a * b * inverse, m);
  return t >= q ? t - q : t - q + m;
}

/**
 * A power modulo the odd `modulus`, larger than 1. `base` is base 2^64 and `one` 2^64, both modulo that. The exponent
 * has `length` big-endian bytes.
 */
export function power64(base: u64, one: u64, exponent: usize, length: u32, modulus: u64): u64 {
  const negative = inverse(modulus);
  store<u64>(TABLE, one);
  for (let i: usize = 1; i < 16; i++) {
    store<u64>(TABLE + (i << 3), times64(load<u64>(TABLE + (i << 3) - 8), base, modulus, negative));
  }
  let result = one;
  for (let i: u32 = 0; i < length; i++) {
    const byte = usize(load<u8>(exponent + i));
    result = times64(result, result, modulus, negative);
    result = times64(result, result, modulus, negative);
    result = times64(result, result, modulus, negative);
    result = times64(result, result, modulus, negative);
    result = times64(result, load<u64>(TABLE + ((byte >> 4) << 3)), modulus, negative);
    result = times64(result, result, modulus, negative);
    result = times64(result, result, modulus, negative);
    result = times64(result, result, modulus, negative);
    result = times64(result, result, modulus, negative);
    result = times64(result, load<u64>(TABLE + ((byte & 15) << 3)), modulus, negative);
  }
  return times64(result, 1, modulus, negative);
}

// Numbers have an even count of digits, so that they can be moved two at a time; the engine's own copying costs a call.
// @ts-ignore: decorator
@inline
function move(to: usize, from: usize, bytes: u32): void {
  for (let i: u32 = 0; i < bytes; i += 8) store<u64>(to + i, load<u64>(from + i));
}

// @ts-ignore: decorator
@inline
function clear(to: usize, bytes: u32): void {
  for (let i: u32 = 0; i < bytes; i += 8) store<u64>(to + i, 0);
}

/** a b / 2^(32 n) modulo m, in `to`, which may be a or b. */
function times(to: usize, a: usize, b: usize, m: usize, n: u32, negative: u32): void {
  const end = n << 2;
  clear(SUM, end + 8);
  for (let i: u32 = 0; i < end; i += 4) {
    const digit = u64(load<u32>(b + i));
    let s = u64(load<u32>(SUM)) + u64(load<u32>(a)) * digit;
    const q = u64(u32(s) * negative);
    let r = u64(u32(s)) + u64(load<u32>(m)) * q;
    let carry = s >> 32;
    let reduced = r >> 32;
    for (let j: u32 = 4; j < end; j += 4) {
      s = u64(load<u32>(SUM + j)) + u64(load<u32>(a + j)) * digit + carry;
      carry = s >> 32;
      r = u64(u32(s)) + u64(load<u32>(m + j)) * q + reduced;
      reduced = r >> 32;
      store<u32>(SUM + j - 4, u32(r));
    }
    s = u64(load<u32>(SUM + end)) + carry + reduced;
    store<u32>(SUM + end - 4, u32(s));
    store<u32>(SUM + end, u32(s >> 32));
  }
  let less = load<u32>(SUM + end) == 0;
  if (less) {
    let j = end - 4;
    while (j > 0 && load<u32>(SUM + j) == load<u32>(m + j)) j -= 4;
    less = load<u32>(SUM + j) < load<u32>(m + j);
  }
  if (less) {
    move(to, SUM, end);
    return;
  }
  let borrow: i64 = 0;
  for (let j: u32 = 0; j < end; j += 4) {
    borrow += i64(load<u32>(SUM + j)) - i64(load<u32>(m + j));
    store<u32>(to + j, u32(borrow));
    borrow >>= 32;
  }
}

/** a b modulo 2^(32 n), in `to`, which may be a or b. */
function timesLow(to: usize, a: usize, b: usize, n: u32): void {
  const end = n << 2;
  clear(SUM, end);
  for (let i: u32 = 0; i < end; i += 4) {
    const digit = u64(load<u32>(b + i));
    let carry: u64 = 0;
    for (let j: u32 = 0; i + j < end; j += 4) {
      const s = u64(load<u32>(SUM + i + j)) + u64(load<u32>(a + j)) * digit + carry;
      store<u32>(SUM + i + j, u32(s));
      carry = s >> 32;
    }
  }
  move(to, SUM, end);
}

// @ts-ignore: decorator
@inline
function multiply<T>(to: usize, a: usize, b: usize, m: usize, n: u32, negative: u32): void {
  if (isFloat<T>()) timesLow(to, a, b, n);
  else times(to, a, b, m, n, negative);
}

/** T is a float where the modulus is 2^(32 n). */
function power<T>(to: usize, base: usize, one: usize, exponent: usize, length: u32, m: usize, n: u32): void {
  const end = n << 2;
  const negative = isFloat<T>() ? 0 : u32(-i64(inverse(u64(load<u32>(m)))));
  move(to, one, end);
  if (length < WINDOWS_FROM) {
    for (let i: u32 = 0; i < length << 3; i++) {
      multiply<T>(to, to, to, m, n, negative);
      const bit = u32(load<u8>(exponent + (i >> 3))) & (0x80 >> (i & 7));
      if (bit != 0) multiply<T>(to, to, base, m, n, negative);
    }
    return;
  }
  move(TABLE, one, end);
  for (let i: u32 = 1; i < 16; i++) {
    const entry = TABLE + i * end;
    multiply<T>(entry, entry - end, base, m, n, negative);
  }
  for (let i: u32 = 0; i < length << 1; i++) {
    for (let j = 0; j < 4; j++) multiply<T>(to, to, to, m, n, negative);
    const byte = u32(load<u8>(exponent + (i >> 1)));
    const digit = (i & 1) != 0 ? byte & 15 : byte >> 4;
    if (digit != 0) multiply<T>(to, to, TABLE + digit * end, m, n, negative);
  }
}

/**
 * A power modulo the odd number of n digits at `m`, in `to`: in Montgomery's form, as `base` and `one` are. The
 * exponent has `length` big-endian bytes. Turns the result back by a product with the 1 at `unit`.
 */
export function powerOdd(
  to: usize, base: usize, one: usize, unit: usize, exponent: usize, length: u32, m: usize, n: u32,
): void {
  power<i32>(to, base, one, exponent, length, m, n);
  times(to, to, unit, m, n, u32(-i64(inverse(u64(load<u32>(m))))));
}

/** A power modulo 2^(32 n), in `to`; `one` is the 1. */
export function powerLow(to: usize, base: usize, one: usize, exponent: usize, length: u32, n: u32): void {
  power<f64>(to, base, one, exponent, length, 0, n);
}
