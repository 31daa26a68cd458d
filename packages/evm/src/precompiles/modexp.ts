import type { Fork } from "../types.ts";
import { fromBigInt, slice, toBigInt } from "./bytes.ts";
import { modularPower } from "./modular-power.ts";
import type { Precompile } from "./precompile.ts";

/** Most bytes of each operand (EIP-7823). */
const OSAKA_BYTES = 1024n;

type Lengths = { readonly base: bigint; readonly exponent: bigint; readonly modulus: bigint };

/** One word of the head: almost always below 2^64. */
function claim(head: DataView, at: number): bigint {
  const low = head.getBigUint64(at + 24);
  const [a, b, c] = [head.getBigUint64(at), head.getBigUint64(at + 8), head.getBigUint64(at + 16)];
  return a === 0n && b === 0n && c === 0n ? low : (a << 192n) | (b << 128n) | (c << 64n) | low;
}

/** They only claim: up to 2^256 - 1 each, whatever the input holds. */
function lengths(input: Uint8Array): Lengths {
  const bytes = input.length < 96 ? slice(input, 0, 96) : input;
  const head = new DataView(bytes.buffer, bytes.byteOffset, 96);
  return { base: claim(head, 0), exponent: claim(head, 32), modulus: claim(head, 64) };
}

/** Bits of the number that the bytes `from` to `from + length` of the input are; zeros follow its end. */
function bitLength(input: Uint8Array, from: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const byte = input[from + i] ?? 0;
    if (byte !== 0) return 8 * (length - i) - Math.clz32(byte) + 24;
  }
  return 0;
}

/** EIP-2565 counts bits after the first, and `perByte` for each byte of the exponent behind 32. */
function iterations(input: Uint8Array, { base, exponent }: Lengths, perByte: bigint): bigint {
  const head = exponent < 32n ? Number(exponent) : 32;
  const from = 96n + base;
  const bits = from < BigInt(input.length) ? BigInt(Math.max(0, bitLength(input, Number(from), head) - 1)) : 0n;
  const count = exponent <= 32n ? bits : perByte * (exponent - 32n) + bits;
  return count > 1n ? count : 1n;
}

function cost(input: Uint8Array, fork: Fork): bigint {
  const claimed = lengths(input);
  const longest = claimed.base > claimed.modulus ? claimed.base : claimed.modulus;
  const squared = ((longest + 7n) / 8n) ** 2n;
  if (fork === "osaka") {
    // EIP-7883.
    const gas = (longest > 32n ? 2n * squared : 16n) * iterations(input, claimed, 16n);
    return gas > 500n ? gas : 500n;
  }
  const gas = (squared * iterations(input, claimed, 8n)) / 3n;
  return gas > 200n ? gas : 200n;
}

/** EIP-198, priced by EIP-2565, in Osaka by EIP-7883 and bounded by EIP-7823. */
export const modexp: Precompile = {
  cost,
  run(input: Uint8Array, fork: Fork): Uint8Array | undefined {
    const { base, exponent, modulus } = lengths(input);
    if (fork === "osaka" && (base > OSAKA_BYTES || exponent > OSAKA_BYTES || modulus > OSAKA_BYTES)) return undefined;
    // Before any operand is read: with no modulus a long exponent costs nothing.
    if (modulus === 0n) return new Uint8Array(0);
    const length = Number(modulus);
    const exponentAt = 96 + Number(base);
    const modulusAt = exponentAt + Number(exponent);
    const m = toBigInt(slice(input, modulusAt, length));
    if (m === 0n) return new Uint8Array(length);
    // Zeros behind the end of the input are still digits of the exponent, but none that need memory.
    const e = slice(input, exponentAt, Number(exponent));
    return fromBigInt(modularPower(toBigInt(slice(input, 96, Number(base))), e, m), length);
  },
};
