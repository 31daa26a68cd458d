import { keccak_256 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { putWord, wordAt } from "./memory-codec.ts";
import { layout } from "./memory-layout.ts";
import { evmModule } from "./wasm.ts";

type Binary = (to: number, a: number, b: number) => void;
type Ternary = (to: number, a: number, b: number, n: number) => void;
type Words = {
  readonly memory: WebAssembly.Memory;
  readonly mul: Binary;
  readonly div: Binary;
  readonly sdiv: Binary;
  readonly mod: Binary;
  readonly smod: Binary;
  readonly exp: Binary;
  readonly shl: Binary;
  readonly shr: Binary;
  readonly sar: Binary;
  readonly signextend: Binary;
  readonly addmod: Ternary;
  readonly mulmod: Ternary;
  readonly leadingZeros: (a: number) => number;
  readonly keccak256: (to: number, from: number, length: number) => void;
};

const two256 = 1n << 256n;
const signed = (x: bigint): bigint => BigInt.asIntN(256, x);
const wrap = (x: bigint): bigint => BigInt.asUintN(256, x);
const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = wrap(result * square);
    square = wrap(square * square);
  }
  return result;
}

function extend(at: bigint, x: bigint): bigint {
  return at > 30n ? x : wrap(BigInt.asIntN(Number(at) * 8 + 8, x));
}

const binary: Record<string, (a: bigint, b: bigint) => bigint> = {
  mul: (a, b) => wrap(a * b),
  div: (a, b) => (b === 0n ? 0n : a / b),
  sdiv: (a, b) => (b === 0n ? 0n : wrap(signed(a) / signed(b))),
  mod: (a, b) => (b === 0n ? 0n : a % b),
  smod: (a, b) => (b === 0n ? 0n : wrap(signed(a) % magnitude(signed(b)))),
  exp: power,
  shl: (a, b) => (a > 255n ? 0n : wrap(b << a)),
  shr: (a, b) => (a > 255n ? 0n : b >> a),
  sar: (a, b) => wrap(signed(b) >> (a > 255n ? 255n : a)),
  signextend: extend,
};
const ternary: Record<string, (a: bigint, b: bigint, n: bigint) => bigint> = {
  addmod: (a, b, n) => (n === 0n ? 0n : (a + b) % n),
  mulmod: (a, b, n) => (n === 0n ? 0n : (a * b) % n),
};

/** Limits of limbs and digits, where carries and quotient estimates go wrong. */
const edges: bigint[] = [0n, 1n, 2n, 31n, 64n, 255n, 256n];
for (const bits of [32n, 64n, 96n, 128n, 192n, 224n, 255n, 256n]) {
  edges.push((1n << bits) - 1n, wrap(1n << bits), wrap((1n << bits) + 1n), two256 - (1n << (bits - 1n)));
}
const digit = fc.constantFrom(0n, 1n, 0x7fffffffn, 0x80000000n, 0xfffffffen, 0xffffffffn, 0x12345678n);
/** Words whose limbs repeat each other make the quotient estimates fail that fail once in 2^64 for others. */
const limb = fc.constantFrom(0n, 1n, (1n << 63n) - 1n, 1n << 63n, (1n << 63n) + 1n, (1n << 64n) - 2n, (1n << 64n) - 1n);
const fromParts = (parts: readonly bigint[], bits: bigint): bigint => parts.reduce((sum, p) => (sum << bits) | p, 0n);
const word = fc.oneof(
  fc.constantFrom(...edges),
  fc.bigInt({ min: 0n, max: two256 - 1n }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.array(digit, { maxLength: 8 }).map((digits) => fromParts(digits, 32n)),
  fc.array(limb, { maxLength: 4 }).map((limbs) => fromParts(limbs, 64n)),
);

describe("words", () => {
  let words: Words;
  let view: DataView;
  const [a, b, n, to] = [layout.MEMORY - 256, layout.MEMORY - 192, layout.MEMORY - 128, layout.MEMORY - 64];

  beforeAll(async () => {
    const nothing: Record<string, () => number> = {};
    const imports = { env: { abort: () => 0 }, host: new Proxy(nothing, { get: () => () => 0 }) };
    words = new WebAssembly.Instance(await evmModule(), imports).exports as unknown as Words;
    view = new DataView(words.memory.buffer);
  });

  for (const [name, expected] of Object.entries(binary)) {
    it(`${name} agrees with BigInt, into its second operand too`, () => {
      const run = words[name as "mul"];
      const check = (x: bigint, y: bigint): void => {
        putWord(view, a, x);
        putWord(view, b, y);
        run(to, a, b);
        const apart = wordAt(view, to);
        run(b, a, b);
        expect([apart, wordAt(view, b)]).toEqual([expected(x, y), expected(x, y)]);
      };
      for (const x of edges) for (const y of edges) check(x, y);
      fc.assert(fc.property(word, word, check), { numRuns: 3000, seed: 1 });
    });
  }

  for (const [name, expected] of Object.entries(ternary)) {
    it(`${name} agrees with BigInt, into its third operand too`, () => {
      const run = words[name as "addmod"];
      const check = (x: bigint, y: bigint, z: bigint): void => {
        putWord(view, a, x);
        putWord(view, b, y);
        putWord(view, n, z);
        run(to, a, b, n);
        const apart = wordAt(view, to);
        run(n, a, b, n);
        expect([apart, wordAt(view, n)]).toEqual([expected(x, y, z), expected(x, y, z)]);
      };
      fc.assert(fc.property(word, word, word, check), { numRuns: 5000, seed: 2 });
    });
  }

  it("counts leading zeros", () => {
    for (let bits = 0; bits <= 256; bits++) {
      putWord(view, a, bits === 0 ? 0n : 1n << BigInt(bits - 1));
      expect(words.leadingZeros(a)).toBe(256 - bits);
    }
  });

  it("hashes every length around the block size as the library does", () => {
    const bytes = new Uint8Array(words.memory.buffer);
    const from = layout.MEMORY - 4096;
    for (let i = 0; i < 600; i++) bytes[from + i] = (i * 31 + 7) & 255;
    for (let length = 0; length < 600; length++) {
      words.keccak256(to, from, length);
      expect(bytes.slice(to, to + 32)).toEqual(keccak_256(bytes.slice(from, from + length)));
    }
  });
});
