import { expect, test } from "vitest";
import { KeptPairs } from "./kept-pairs.ts";

const one = Uint8Array.of(1);
const two = Uint8Array.of(2);

test("a pair is found with its own value only, the newest of its key", () => {
  const pairs = new KeptPairs(3);
  const place = pairs.place("a", one);
  expect(pairs.find("a", Uint8Array.of(1))).toBe(place);
  expect(pairs.find("a", two)).toBeUndefined();
  expect(pairs.find("b", one)).toBeUndefined();
  expect(pairs.place("a", two)).toBe(place);
  expect(pairs.find("a", one)).toBeUndefined();
  expect(pairs.find("a", two)).toBe(place);
});

test("places are given away when there are no more, those of pairs that are found later than others", () => {
  const pairs = new KeptPairs(3);
  const places = ["a", "b", "c"].map((key) => pairs.place(key, one));
  expect(new Set(places)).toEqual(new Set([0, 1, 2]));
  pairs.find("a", one);
  expect(pairs.place("d", one)).toBe(places[1]);
  expect(pairs.find("b", one)).toBeUndefined();
  expect(pairs.find("a", one)).toBe(places[0]);
  for (const key of ["a", "c", "d"]) pairs.find(key, one);
  pairs.place("e", one);
  expect(["a", "c", "d", "e"].filter((key) => pairs.find(key, one) !== undefined)).toHaveLength(3);
});
