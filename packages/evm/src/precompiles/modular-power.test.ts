import { describe, expect, test } from "vitest";
import { fromBigInt } from "./bytes.ts";
import { modularPower } from "./modular-power.ts";

/** By squares, in the plainest way. */
function plainly(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus;
  for (let bit = exponent, power = base % modulus; bit > 0n; bit >>= 1n, power = (power * power) % modulus) {
    if (bit & 1n) result = (result * power) % modulus;
  }
  return result;
}

function numbers(): (bits: number) => bigint {
  let state = 12345n;
  return (bits) => {
    let value = 0n;
    for (let i = 0; i < bits; i += 32) {
      state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
      value = (value << 32n) | (state >> 32n);
    }
    return value & ((1n << BigInt(bits)) - 1n);
  };
}

const bytes = (value: bigint, length: number): Uint8Array => fromBigInt(value, length);

describe("modularPower", () => {
  const next = numbers();

  test("moduli of every length around the words' ends, odd, even and powers of two", () => {
    const lengths = [
      ...Array(70).keys(),
      95,
      96,
      97,
      127,
      128,
      129,
      191,
      192,
      255,
      256,
      257,
      320,
      383,
      511,
      512,
      513,
      700,
    ];
    for (const length of lengths) {
      const top = 1n << BigInt(length);
      for (const modulus of [top, top | 1n, top | next(length), top - 1n || 1n, top | (next(length) & ~0xffn)]) {
        for (const exponentBits of [0, 1, 17, 64, 100, 256]) {
          const [base, exponent] = [next(length + 9), next(exponentBits)];
          expect(modularPower(base, bytes(exponent, 40), modulus)).toBe(plainly(base, exponent, modulus));
        }
      }
    }
  });

  test("largest operands, and bases at the modulus", () => {
    for (const bits of [32n, 64n, 128n, 256n, 512n]) {
      const largest = (1n << bits) - 1n;
      for (const modulus of [largest, largest - 1n, largest - 2n, 1n << (bits - 1n)]) {
        for (const base of [0n, 1n, modulus - 1n, modulus, modulus + 1n, largest, largest * largest]) {
          for (const exponent of [0n, 1n, 2n, largest]) {
            expect(modularPower(base, bytes(exponent, 64), modulus)).toBe(plainly(base, exponent, modulus));
          }
        }
      }
    }
  });

  test("no exponent, exponents of zeros, long ones", () => {
    expect(modularPower(5n, new Uint8Array(), 7n)).toBe(1n);
    expect(modularPower(5n, new Uint8Array(1000), 8n)).toBe(1n);
    expect(modularPower(5n, new Uint8Array(), 1n)).toBe(0n);
    const exponent = next(16_384);
    expect(modularPower(77n, bytes(exponent, 2048), (1n << 61n) - 1n)).toBe(plainly(77n, exponent, (1n << 61n) - 1n));
    const modulus = (1n << 2048n) + 981n;
    expect(modularPower(modulus - 3n, bytes(65_537n, 3), modulus)).toBe(plainly(modulus - 3n, 65_537n, modulus));
    expect(modularPower(modulus - 3n, bytes(next(300), 64), modulus)).not.toBe(0n);
  });
});
