import { expect, test } from "vitest";
import { ProcessorClock } from "./processor-clock.ts";

function shared() {
  let real = 0;
  let use = { processor: 0, busy: 0 };
  const clock = new ProcessorClock(
    () => real,
    () => use,
  );
  /** Time passes, in which the thread has work for `busy` of it and a processor for `processor` of it. */
  const pass = (milliseconds: number, busy: number, processor: number): number => {
    const before = clock.now();
    for (let step = 0; step < milliseconds; step += 100) {
      real += 100;
      use = { processor: use.processor + 100 * processor, busy: use.busy + 100 * busy };
      clock.now();
    }
    return clock.now() - before;
  };
  return pass;
}

test("goes like any other clock while the thread gets what it wants", () => {
  const pass = shared();
  expect(pass(10_000, 0, 0)).toBeCloseTo(10_000);
  expect(pass(10_000, 0.5, 0.5)).toBeCloseTo(10_000);
  expect(pass(10_000, 1, 1)).toBeCloseTo(10_000);
});

test("goes as fast as the thread gets a processor, and never stands still", () => {
  const pass = shared();
  pass(1_000, 1, 0.25);
  expect(pass(10_000, 1, 0.25)).toBeCloseTo(2_500);
  pass(1_000, 1, 0);
  expect(pass(10_000, 1, 0)).toBeCloseTo(500);
  pass(1_000, 0.5, 0.5);
  expect(pass(10_000, 0.5, 0.5)).toBeCloseTo(10_000);
});

test("of this process it is a clock", async () => {
  const clock = new ProcessorClock(() => performance.now());
  const first = clock.now();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(clock.now()).toBeGreaterThan(first);
});
