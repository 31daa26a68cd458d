import type { Fork } from "../types.ts";
import { fromBigInt, slice, toBigInt } from "./bytes.ts";
import { modularPower } from "./modular-power.ts";
import type { Precompile } from "./precompile.ts";

/** Most bytes of each operand (EIP-7823). */
const OSAKA_BYTES = 1024n;

type Lengths = { readonly base: bigint; readonly exponent: bigint; readonly modulus: bigint };

/** They only claim: up to 2^256 - 1 each, whatever the input holds. */
function lengths(input: Uint8Array): Lengths {
  const head = slice(input, 0, 96);
  return {
    base: toBigInt(head.subarray(0, 32)),
    exponent: toBigInt(head.subarray(32, 64)),
    modulus: toBigInt(head.subarray(64, 96)),
  };
}

function bitLength(value: bigint): bigint {
  return value === 0n ? 0n : BigInt(value.toString(2).length);
}

/** EIP-2565 counts bits after the first, and `perByte` for each byte of the exponent behind 32. */
function iterations(input: Uint8Array, { base, exponent }: Lengths, perByte: bigint): bigint {
  const headLength = exponent < 32n ? Number(exponent) : 32;
  const from = 96n + base;
  const head = from < BigInt(input.length) ? toBigInt(slice(input, Number(from), headLength)) : 0n;
  const bits = head === 0n ? 0n : bitLength(head) - 1n;
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
