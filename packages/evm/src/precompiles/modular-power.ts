import { EXPONENT_ROOM, powerModuloOdd, powerModuloTwos } from "./arithmetic.ts";

/** Bits of a modulus up to which WebAssembly is faster than big integers. */
const SMALL_BITS = 512;
/** Bits of an exponent from which a table of powers pays. */
const WINDOWS_FROM = 64;

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (from < bytes.length && bytes[from] === 0) from++;
  return bytes.subarray(from);
}

function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return 4 * hex.length + 28 - Math.clz32(Number.parseInt(hex.charAt(0), 16));
}

/** By one square a bit. */
function bySquares(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  let result = 1n;
  for (const byte of exponent) {
    for (let mask = 0x80; mask > 0; mask >>= 1) {
      if (result !== 1n) result = (result * result) % modulus;
      if ((byte & mask) !== 0) result = (result * base) % modulus;
    }
  }
  return result;
}

/** By windows of 4 bits from the left. */
function byWindows(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  const table: bigint[] = [1n, base];
  while (table.length < 16) table.push(((table[table.length - 1] ?? 0n) * base) % modulus);
  let result = 1n;
  const window = (digit: number): void => {
    if (result !== 1n) for (let i = 0; i < 4; i++) result = (result * result) % modulus;
    if (digit !== 0) result = (result * (table[digit] ?? 0n)) % modulus;
  };
  for (const byte of exponent) {
    window(byte >> 4);
    window(byte & 15);
  }
  return result;
}

function roundUp(bits: number): number {
  return Math.max(64, (bits + 63) & ~63);
}

/** The inverse of an odd number modulo 2^bits, by Newton's steps. */
function inverseModuloTwos(odd: bigint, bits: number): bigint {
  let x = 1n;
  for (let right = 1; right < bits; right *= 2) {
    const precision = Math.min(2 * right, bits);
    x = BigInt.asUintN(precision, x * (2n - BigInt.asUintN(precision, odd) * x));
  }
  return x;
}

/** The modulus has few bits: its odd part by Montgomery's products, its power of two by cut ones, both joined. */
function small(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  let twos = 0;
  let low = BigInt.asUintN(32, modulus);
  let odd = modulus;
  while (low === 0n) {
    odd >>= 32n;
    twos += 32;
    low = BigInt.asUintN(32, odd);
  }
  const rest = 31 - Math.clz32(Number(low & -low));
  odd >>= BigInt(rest);
  twos += rest;
  const modulo = odd === 1n ? 0n : powerModuloOdd(base, exponent, odd, roundUp(bitLength(odd)));
  if (twos === 0) return modulo;
  const cut = BigInt.asUintN(twos, powerModuloTwos(base, exponent, roundUp(twos)));
  return modulo + odd * BigInt.asUintN(twos, (cut - modulo) * inverseModuloTwos(odd, twos));
}

/** base ^ exponent modulo a number that is not 0. The exponent is big-endian; no bytes are 0. */
export function modularPower(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  if (modulus === 1n) return 0n;
  const digits = withoutLeadingZeros(exponent);
  if (digits.length <= EXPONENT_ROOM && bitLength(modulus) <= SMALL_BITS) return small(base, digits, modulus);
  return (digits.length * 8 < WINDOWS_FROM ? bySquares : byWindows)(base % modulus, digits, modulus);
}
