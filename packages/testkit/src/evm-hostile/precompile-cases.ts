import { forever, MAX_CODE } from "./assemble.ts";
import { type HostileCase, hostile, TARGET } from "./hostile-case.ts";
import * as input from "./precompile-input.ts";

/** Accounts that hold an input as their code, a part each. */
const PARTS = 0xda7a0000n;

type Call = { readonly input: () => Uint8Array; readonly gas?: number };

/** Code that calls the precompile for ever with an input that lies in memory from the start, and that input. */
function abuser(id: number, { input: make, gas }: Call): HostileCase["accounts"] {
  const bytes = make();
  const parts: [bigint, Uint8Array][] = [];
  let setup = "";
  for (let at = 0; at < bytes.length; at += MAX_CODE) {
    const part = bytes.subarray(at, at + MAX_CODE);
    const address = PARTS + BigInt(parts.length);
    parts.push([address, part]);
    setup += ` ${part.length} 0 ${at} ${address} EXTCODECOPY`;
  }
  return [[TARGET, forever(setup, `0 0 ${bytes.length} 0 ${id} ${gas ?? "GAS"} STATICCALL POP`)], ...parts];
}

/** The input is made when it is asked for: points take milliseconds to compute. */
function abuse(name: string, id: number, call: Call, fork: HostileCase["fork"] = "osaka"): HostileCase {
  let made: HostileCase["accounts"] | undefined;
  return {
    name,
    fork,
    ends: "out of gas",
    get accounts() {
      made ??= abuser(id, call);
      return made;
    },
  };
}

/** Zeros of a length that no code holds. */
function zeros(name: string, id: number, length: number): HostileCase {
  return hostile(name, forever(`0 ${length - 1} MSTORE8`, `0 0 ${length} 0 ${id} GAS STATICCALL POP`));
}

const modexpShapes: readonly (readonly [name: string, input: () => Uint8Array])[] = [
  ["1024 bytes each", () => input.modexpInput([1024, 1024, 1024])],
  ["1024 bytes to the third power", () => input.modexpInput([1024, 1, 1024], 3n)],
  ["1024 bytes squared, even modulus", () => input.modexpInput([1024, 1, 1024], 2n, true)],
  ["512 bytes, exponent of 32", () => input.modexpInput([512, 32, 512])],
  ["256 bytes, exponent of 256", () => input.modexpInput([256, 256, 256])],
  ["128 bytes, exponent of 128", () => input.modexpInput([128, 128, 128])],
  ["64 bytes, exponent of 64", () => input.modexpInput([64, 64, 64])],
  ["40 bytes, exponent of 1024", () => input.modexpInput([40, 1024, 40])],
  ["33 bytes, exponent of 33", () => input.modexpInput([33, 33, 33])],
  ["32 bytes, exponent of 1024", () => input.modexpInput([32, 1024, 32])],
  ["32 bytes, exponent of 32", () => input.modexpInput([32, 32, 32])],
  ["32 bytes, exponent of 31 bits", () => input.modexpInput([32, 4, 32], 0x7fff_ffffn)],
  ["32 bytes, even modulus", () => input.modexpInput([32, 32, 32], undefined, true)],
  ["8 bytes, exponent of 1024", () => input.modexpInput([8, 1024, 8])],
  ["1 byte, exponent of 1024", () => input.modexpInput([1, 1024, 1])],
  ["base of 1024, modulus of 1", () => input.modexpInput([1024, 32, 1])],
  ["base of 1, modulus of 1024", () => input.modexpInput([1, 2, 1024], 65_537n)],
  ["exponent 0", () => input.modexpInput([1024, 1024, 1024], 0n)],
  ["modulus of no bytes", () => input.modexpInput([0, 1024, 0])],
];

/** A million rounds from the memory's 213 bytes. */
function manyRounds(name: string, rounds: number): HostileCase {
  return abuse(name, 9, { input: () => input.blakeInput(rounds) });
}

/** r names no point of the curve. */
function brokenSignature(): Uint8Array {
  const bytes = input.ecrecoverInput();
  bytes.fill(0, 64, 96);
  bytes[95] = 5;
  return bytes;
}

export const precompileCases: readonly HostileCase[] = [
  abuse("ECRECOVER", 1, { input: input.ecrecoverInput }),
  abuse("ECRECOVER of no point", 1, { input: brokenSignature }),
  zeros("SHA256 of 32 bytes", 2, 32),
  zeros("SHA256 of 160 bytes", 2, 160),
  zeros("SHA256 of 1 MB", 2, 1 << 20),
  zeros("RIPEMD160 of 32 bytes", 3, 32),
  zeros("RIPEMD160 of 1 MB", 3, 1 << 20),
  zeros("identity of 32 bytes", 4, 32),
  zeros("identity of 1 MB", 4, 1 << 20),
  ...modexpShapes.map(([shape, make]) => abuse(`MODEXP, ${shape}`, 5, { input: make })),
  abuse("MODEXP of Prague, 1024 bytes each", 5, { input: () => input.modexpInput([1024, 1024, 1024]) }, "prague"),
  abuse("MODEXP of Prague, 32 bytes", 5, { input: () => input.modexpInput([32, 32, 32]) }, "prague"),
  abuse("MODEXP of Prague, 8 bytes, long exponent", 5, { input: () => input.modexpInput([8, 2048, 8]) }, "prague"),
  abuse("bn254 addition", 6, { input: input.bnAddInput }),
  abuse("bn254 addition of infinity", 6, { input: () => new Uint8Array(128) }),
  abuse("bn254 multiplication", 7, { input: input.bnMulInput }),
  abuse("bn254 pairing of none", 8, { input: () => new Uint8Array() }),
  abuse("bn254 pairing of 1", 8, { input: () => input.bnPairs(1) }),
  abuse("bn254 pairing of 12", 8, { input: () => input.bnPairs(12) }),
  abuse("bn254 pairing of 12 with infinity", 8, { input: () => new Uint8Array(12 * 192) }),
  abuse("bn254 pairing, not in the subgroup", 8, { input: input.bnPairOutside, gas: 79_000 }),
  manyRounds("BLAKE2F, a million rounds", 1_000_000),
  manyRounds("BLAKE2F, 12 rounds", 12),
  manyRounds("BLAKE2F, no rounds", 0),
  abuse("KZG point evaluation", 10, { input: input.kzgInput }),
  abuse("BLS12-381 G1 addition", 11, { input: input.blsG1Sum }),
  abuse("BLS12-381 G1 multiplication", 12, { input: () => input.blsG1Products(1) }),
  abuse("BLS12-381 G1 products of 4", 12, { input: () => input.blsG1Products(4) }),
  abuse("BLS12-381 G1 products of 128", 12, { input: () => input.blsG1Products(128) }),
  abuse("BLS12-381 G2 addition", 13, { input: input.blsG2Sum }),
  abuse("BLS12-381 G2 multiplication", 14, { input: () => input.blsG2Products(1) }),
  abuse("BLS12-381 G2 products of 4", 14, { input: () => input.blsG2Products(4) }),
  abuse("BLS12-381 G2 products of 128", 14, { input: () => input.blsG2Products(128) }),
  abuse("BLS12-381 pairing of 1", 15, { input: () => input.blsPairs(1) }),
  abuse("BLS12-381 pairing of 8", 15, { input: () => input.blsPairs(8) }),
  abuse("BLS12-381 pairing of 64 with infinity", 15, { input: () => new Uint8Array(64 * 384) }),
  abuse("BLS12-381 map to G1", 16, { input: input.blsFp }),
  abuse("BLS12-381 map to G2", 17, { input: input.blsFp2 }),
  abuse("P256VERIFY", 256, { input: input.p256Input }),
];
