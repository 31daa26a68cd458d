import { expect, test } from "vitest";
import { slopeOf } from "./slope.ts";

const line = (value: (index: number) => number) =>
  Array.from({ length: 20 }, (_, index) => ({ seconds: index * 15, value: value(index) }));

test("a line that rises is told from noise about a level", () => {
  const rising = slopeOf(line((index) => 1_000 + index * 15 + (index % 2)));
  expect(rising).toMatchObject({ first: 1_000, last: 1_286, flat: false });
  expect(Math.abs(rising.perHour - 3_600)).toBeLessThan(2 * rising.error + 40);
  const noise = slopeOf(line((index) => 1_000 + ((index * 7) % 5)));
  expect(noise.flat).toBe(true);
  expect(slopeOf(line((index) => 2_000 - index)).flat).toBe(true);
  expect(slopeOf(line(() => 44))).toMatchObject({ perHour: 0, error: 0, flat: true });
});

test("too few measurements have no slope", () => {
  expect(() => slopeOf([{ seconds: 0, value: 1 }])).toThrow(RangeError);
  expect(() => slopeOf(new Array(4).fill({ seconds: 0, value: 1 }))).toThrow(RangeError);
});
