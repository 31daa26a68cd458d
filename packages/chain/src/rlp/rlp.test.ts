import { RLP } from "@ethereumjs/rlp";
import { toHex } from "@tributary/protocol/bytes/hex";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type RlpItem, rlpEncode, rlpLength } from "./encode.ts";
import { RlpReader } from "./reader.ts";

type Tree = Uint8Array | Tree[];

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, fc.uint8Array({ maxLength: 70 }), fc.array(tie("tree"), { maxLength: 5 })),
}));

function readAll(reader: RlpReader): Tree[] {
  const out: Tree[] = [];
  while (reader.more) out.push(reader.nextIsList ? readAll(reader.list()) : reader.bytes(Number.MAX_SAFE_INTEGER));
  return out;
}

test("encodes as another implementation does, and reads it back", () => {
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 6 }), (value) => {
      const encoded = rlpEncode(value as RlpItem);
      expect(toHex(encoded)).toBe(toHex(RLP.encode(value)));
      const reader = RlpReader.list(encoded);
      expect(readAll(reader)).toEqual(value);
      expect(reader.complete).toBe(true);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("whatever it accepts is the one encoding of what it read", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.nat(55), (bytes, length) => {
      const input = Uint8Array.of(0xc0 + length, ...bytes);
      const reader = RlpReader.list(input);
      const value = readAll(reader);
      if (reader.complete) expect(toHex(rlpEncode(value as RlpItem))).toBe(toHex(input));
    }),
    { seed: 2, numRuns: 3_000 },
  );
});

test("refuses long forms of short things, and lengths beyond the end", () => {
  for (const text of ["c28101", "c3b800", "f800", "c1b9ffff", "c0c0", "fb7fffffff", "c2c3", "80", ""]) {
    const reader = RlpReader.list(Uint8Array.from(Buffer.from(text, "hex")));
    readAll(reader);
    expect(reader.complete).toBe(false);
  }
});

test("numbers are encoded as their minimal bytes, however large", () => {
  const powers = Array.from({ length: 257 }, (_, bits) => 1n << BigInt(bits));
  const numbers = [0n, 127n, 128n, ...powers.flatMap((power) => [power - 1n, power, power + 1n])];
  for (const value of numbers) {
    const expected = toHex(RLP.encode(value));
    expect(toHex(rlpEncode(value))).toBe(expected);
    if (value <= Number.MAX_SAFE_INTEGER) expect(toHex(rlpEncode(Number(value)))).toBe(expected);
  }
  expect(toHex(rlpEncode([[], numbers, [numbers]]))).toBe(toHex(RLP.encode([[], numbers, [numbers]])));
  expect(rlpLength([numbers, [1, 300]])).toBe(RLP.encode([numbers, [1, 300]]).length);
});
