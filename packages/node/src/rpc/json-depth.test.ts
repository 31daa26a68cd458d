import fc from "fast-check";
import { expect, test } from "vitest";
import { nestsDeeper } from "./json-depth.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test("counts arrays and objects", () => {
  expect(nestsDeeper(bytes('[{"a":[1]}]'), 3)).toBe(false);
  expect(nestsDeeper(bytes('[{"a":[1]}]'), 2)).toBe(true);
});

test("brackets in strings do not count, however the quotes are escaped", () => {
  expect(nestsDeeper(bytes('["[[[[", "\\"[[[", "\\\\", "]"]'), 1)).toBe(false);
});

test("siblings do not add up", () => {
  expect(nestsDeeper(bytes(`[${"[],".repeat(1000)}[]]`), 2)).toBe(false);
});

test("agrees with the parsed value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.nat(10), (value, limit) => {
      expect(nestsDeeper(bytes(JSON.stringify(value)), limit)).toBe(depthOf(JSON.parse(JSON.stringify(value))) > limit);
    }),
  );
});

test("five megabytes of open brackets are refused", () => {
  expect(nestsDeeper(new Uint8Array(5 * 1024 * 1024).fill(0x5b), 64)).toBe(true);
});
