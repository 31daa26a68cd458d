import { expect, test } from "vitest";
import { containerRules, type ScheduledFork, standingForks } from "./fork-schedule.ts";

const osaka: ScheduledFork = { rules: 2, time: 1_000, block: 50, cancelled: undefined };
const next: ScheduledFork = { rules: 3, time: 2_000, block: 60, cancelled: 70 };

test("rules change with the container whose clock has come to the entry's time", () => {
  expect(containerRules(1, [osaka], 50, 999_999)).toBe(1);
  expect(containerRules(1, [osaka], 50, 1_000_000)).toBe(2);
});

test("an entry that the checkpoint does not show yet does not count, however late it is", () => {
  expect(containerRules(1, [osaka], 49, 5_000_000)).toBe(1);
});

test("what was taken back counts up to the checkpoint that shows it, and never leads back", () => {
  expect(containerRules(2, [osaka, next], 69, 2_000_000)).toBe(3);
  expect(containerRules(2, [osaka, next], 70, 2_000_000)).toBe(2);
  expect(containerRules(3, [osaka, next], 70, 2_000_001)).toBe(3);
  expect(standingForks([osaka, next])).toEqual([osaka]);
});
