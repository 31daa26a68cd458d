import { keccak_256 } from "@noble/hashes/sha3.js";
import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import { keccak256 } from "./keccak.ts";

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 131 + length * 7 + (i >> 8)) & 0xff);
}

test("agrees with another implementation at and around every block and buffer border", () => {
  const lengths = [...Array(300).keys(), 2048, 65_000, 65_007, 65_008, 65_009, 65_143, 65_144, 130_016, 200_000];
  for (const length of lengths) expect(toHex(keccak256(bytes(length)))).toBe(toHex(keccak_256(bytes(length))));
});

test("gives a copy that later hashes leave alone", () => {
  const first = keccak256(bytes(1));
  const before = toHex(first);
  keccak256(bytes(2));
  expect(toHex(first)).toBe(before);
});
