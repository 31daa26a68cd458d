import { expect, test } from "vitest";
import { FairTurns } from "./fair-turns.ts";

/** Runs pieces of `length` for each party for `total` milliseconds of a made-up clock; how much time each one got. */
function compete(weights: readonly number[], lengths: readonly number[], total: number): number[] {
  let now = 0;
  const turns = new FairTurns(() => now);
  const got = weights.map(() => 0);
  const ends: { at: number; finish: () => void }[] = [];
  for (const [i, weight] of weights.entries()) {
    const party = turns.open(weight);
    const again = (): void => {
      party.run((finished) => {
        const running = ends.length + 1;
        ends.push({
          at: now + (lengths[i] ?? 0) * running,
          finish: () => {
            got[i] = (got[i] ?? 0) + (lengths[i] ?? 0);
            again();
            finished();
          },
        });
      });
    };
    again();
  }
  while (now < total) {
    ends.sort((a, b) => a.at - b.at);
    const next = ends.shift();
    if (next === undefined) throw new Error("nobody runs");
    now = next.at;
    next.finish();
  }
  return got;
}

test("whoever is alone gets everything", () => {
  expect(compete([1], [10], 1_000)[0]).toBeGreaterThanOrEqual(1_000);
});

test("equal weights share equally, however long the pieces of one are", () => {
  const [short, long] = compete([1, 1], [5, 100], 20_000);
  expect(short! / long!).toBeGreaterThan(0.7);
  expect(short! / long!).toBeLessThan(1.4);
});

test("weights count under contention", () => {
  const [small, medium] = compete([1, 16], [10, 10], 50_000);
  expect(medium! / small!).toBeGreaterThan(10);
  expect(small).toBeGreaterThan(0);
});

test("a rested chain starts at once and has saved nothing up", () => {
  let now = 0;
  const turns = new FairTurns(() => now);
  const [busy, rested] = [turns.open(1), turns.open(1)];
  const order: string[] = [];
  const finish: (() => void)[] = [];
  const piece = (name: string) => (finished: () => void) => {
    order.push(name);
    finish.push(finished);
  };
  for (let i = 0; i < 4; i++) busy.run(piece("busy"));
  for (let i = 0; i < 3; i++) {
    now += 100;
    finish.shift()!();
  }
  rested.run(piece("rested"));
  expect(order).toEqual(["busy", "busy", "busy", "busy", "rested"]);
  now += 10;
  finish.shift()!();
  for (let i = 0; i < 3; i++) {
    busy.run(piece("busy"));
    rested.run(piece("rested"));
  }
  for (let i = 0; i < 6; i++) {
    now += 10;
    finish.shift()?.();
  }
  expect(order.slice(5).filter((name) => name === "busy").length).toBeGreaterThanOrEqual(3);
});

test("closing a chain lets the others go on", () => {
  const turns = new FairTurns(() => 0);
  const [first, second] = [turns.open(1), turns.open(1)];
  const order: string[] = [];
  first.run(() => order.push("first"));
  first.run(() => order.push("never"));
  first.close();
  second.run((finished) => {
    order.push("second");
    finished();
  });
  second.run(() => order.push("third"));
  expect(order).toEqual(["first", "second", "third"]);
});
