import { expect, test } from "vitest";
import { ChoiceSet, countSeats, forEachSeat, only, seatBit, VoteSet } from "./vote-set.ts";

test("bitmaps of 64 seats are walked upwards", () => {
  const seats = [0, 1, 31, 32, 33, 62, 63];
  const bitmap = seats.reduce((bits, seat) => bits | seatBit(seat), 0n);
  const walked: number[] = [];
  forEachSeat(bitmap, (seat) => walked.push(seat));
  expect(walked).toEqual(seats);
  expect(countSeats(bitmap)).toBe(seats.length);
  expect(countSeats(2n ** 64n - 1n)).toBe(64);
  expect(countSeats(0n)).toBe(0);
});

test("a vote counts once", () => {
  const set = new VoteSet();
  for (const seat of [63, 0, 31, 32, 63, 31]) set.add(seat);
  expect(set.count).toBe(4);
  expect(set.bitmap).toBe(seatBit(63) | seatBit(0) | seatBit(31) | seatBit(32));
  expect(set.add(0)).toBe(false);
  expect(set.add(1)).toBe(true);
});

test("the first choice counts, a repeat does not, another one contradicts", () => {
  const set = new ChoiceSet(4);
  expect(set.add(2, only(1))).toBe("counted");
  expect(set.add(2, only(1))).toBe("repeated");
  expect(set.add(2, 3)).toBe("contradiction");
  expect(set.add(2, only(1))).toBe("repeated");
  expect([set.count(1), set.count(2), set.count(3)]).toEqual([0, 1, 0]);
});
