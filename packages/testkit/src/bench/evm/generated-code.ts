import type { Random } from "../../agreement/random.ts";
import { assemble } from "../../evm-hostile/assemble.ts";
import { constant, loop, statements } from "./kernel.ts";

// Inner loops whose instructions are drawn from a seed: nothing can be tuned to one of them. Each statement leaves the
// stack as high as it was.

/** Sums, products, bits and shifts, comparisons and now and then a division, over four words. */
export function arithmeticCode(random: Random): Uint8Array {
  const seeds = Array.from({ length: 4 }, () => constant(random));
  const other = (): string => `DUP${2 + random.below(3)}`;
  const body = statements(random, 64, [
    [16, () => `${constant(random)} ADD`],
    [8, () => `${other()} ADD`],
    [10, () => `${other()} SUB`],
    [10, () => `${constant(random)} MUL`],
    [6, () => `${other()} MUL`],
    [6, () => `${constant(random)} XOR`],
    [4, () => `${constant(random)} DUP2 AND ADD`],
    [4, () => `${other()} OR ${constant(random)} XOR`],
    [3, () => "NOT"],
    [6, () => `DUP1 ${1 + random.below(255)} ${random.pick(["SHL", "SHR", "SAR"])} XOR`],
    [6, () => `${other()} DUP2 ${random.pick(["LT", "GT", "SLT", "SGT", "EQ"])} ADD`],
    [2, () => "DUP1 ISZERO XOR"],
    [2, () => `DUP1 ${random.below(32)} BYTE XOR`],
    [2, () => `DUP1 ${random.below(31)} SIGNEXTEND XOR`],
    [3, () => `${constant(random)} DUP2 ${random.pick(["DIV", "SDIV", "MOD", "SMOD"])} ADD`],
    [1, () => `${constant(random)} ${other()} DUP3 ${random.pick(["ADDMOD", "MULMOD"])} XOR`],
    [11, () => `SWAP${1 + random.below(3)}`],
  ]);
  return loop("", seeds, body);
}

/** Hashes of one word to half a kilobyte, mostly of two words as mappings do it, each depending on the one before. */
export function keccakCode(random: Random): Uint8Array {
  const hash = (): string => {
    const length = random.pick([32, 64, 64, 64, 64, 96, 136, 200, 512]);
    const at = random.below(16);
    return `${at} MSTORE ${length} ${at} KECCAK256`;
  };
  return loop("", [constant(random)], Array.from({ length: 32 }, hash).join(" "));
}

/** In each round one new slot is written, two are read for the first time, and all of them used 400 times. */
export function storageCode(random: Random): Uint8Array {
  const base = "SWAP1 0 MSTORE 32 0 KECCAK256 SWAP1 DUP2 ADD";
  const read = (slot: number): string => `${slot} DUP3 ADD SLOAD ADD`;
  const write = (slot: number): string => `DUP1 ${slot} DUP4 ADD SSTORE`;
  const first = [write(0), read(1), read(2)].join(" ");
  const again = statements(random, 400, [
    [3, () => read(random.below(3))],
    [1, () => write(0)],
  ]);
  return loop("", [constant(random), constant(random)], `${base} ${first} ${again}`);
}

/** Copies within 64 KiB of memory, from input and code, and single words, as encoders and decoders do. */
export function memoryCode(random: Random): Uint8Array {
  const at = (): number => random.below(60_000);
  const length = (): number => random.pick([32, 64, 100, 256, 1000, 4096]);
  const body = statements(random, 48, [
    [12, () => `${length()} ${at()} ${at()} MCOPY`],
    [2, () => `${length()} 0 ${at()} CALLDATACOPY`],
    [2, () => `${length()} 0 ${at()} CODECOPY`],
    [6, () => `DUP1 ${at()} MSTORE`],
    [1, () => `DUP1 ${at()} MSTORE8`],
    [6, () => `${at()} MLOAD ADD`],
  ]);
  return loop("1 65504 MSTORE", [constant(random)], body);
}

/** What the calls call: a word in, a word out. */
export function calleeCode(random: Random): Uint8Array {
  return assemble(`0 CALLDATALOAD ${constant(random)} MUL ${constant(random)} ADD 0 MSTORE 32 0 RETURN`);
}

/** Calls of all kinds to `callee`, each with the answer of the one before. */
export function callsCode(random: Random, callee: Uint8Array): Uint8Array {
  const to = `0x${Buffer.from(callee).toString("hex")}`;
  const answer = "POP 0 MLOAD";
  const body = statements(random, 16, [
    [4, () => `0 MSTORE 32 0 32 0 ${to} GAS STATICCALL ${answer}`],
    [4, () => `0 MSTORE 32 0 32 0 0 ${to} GAS CALL ${answer}`],
    [2, () => `0 MSTORE 32 0 32 0 ${to} GAS DELEGATECALL ${answer}`],
  ]);
  return loop("", [constant(random)], body);
}

/**
 * Forwards its input behind the first word, an address, to that address: returns the gas that the call took, whether
 * it succeeded, and its answer. So engines that do not tell the gas of a call can be compared.
 */
export function meterCode(): Uint8Array {
  return assemble(
    "32 CALLDATASIZE SUB 32 0 CALLDATACOPY " +
      "GAS 0 0 32 CALLDATASIZE SUB 0 0 0 CALLDATALOAD GAS CALL GAS " +
      "SWAP1 32 MSTORE SWAP1 SUB 0 MSTORE RETURNDATASIZE 0 64 RETURNDATACOPY RETURNDATASIZE 64 ADD 0 RETURN",
  );
}
