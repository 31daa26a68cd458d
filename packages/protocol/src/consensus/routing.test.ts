import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import { assignees, assignmentHeight, proposers, spread } from "./routing.ts";

const beacon = toHex(new Uint8Array(32).fill(1));
const sender = (index: number) => new Uint8Array(20).fill(index);

test("an assignment holds for 16 heights and is known two heights before", () => {
  expect([15, 16, 31, 32].map(assignmentHeight)).toEqual([-2, 14, 14, 30]);
});

test("every seat is an assignee once; senders spread over the seats; absent seats come last", () => {
  const first = new Set<number>();
  for (let i = 0; i < 64; i++) {
    const seats = assignees(beacon, sender(i), 7, 0n);
    expect(seats.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(assignees(beacon, sender(i), 7, 0n)).toEqual(seats);
    first.add(seats[0]!);
    const [lead] = seats;
    expect(assignees(beacon, sender(i), 7, 1n << BigInt(lead!))).toEqual([...seats.slice(1), lead]);
  }
  expect(first.size).toBe(7);
});

test("copies double with age and reach everybody at three", () => {
  expect([0, 1, 2, 3, 9].map((age) => spread(age, 16))).toEqual([1, 2, 4, 16, 16]);
  expect([0, 1, 2, 3].map((age) => spread(age, 3))).toEqual([1, 2, 3, 3]);
});

test("whoever holds a copy leaves the proposing to those before it for a height, but for no longer than age three", () => {
  expect([0, 1, 2, 3, 9].map((age) => proposers(age, 16))).toEqual([1, 1, 2, 16, 16]);
});
