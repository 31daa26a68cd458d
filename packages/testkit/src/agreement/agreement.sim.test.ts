import { describe, expect, test } from "vitest";
import { simulateBinary } from "./binary-simulation.ts";
import { coinKnownBefore, splitAfterCoin, zerosAfterLateEntry } from "./schedules.ts";
import { simulate } from "./simulation.ts";

/** A few new seeds in every run of the suite, named in the failure. */
const fresh = Math.floor(Math.random() * 2 ** 31);

describe("several heights under a random adversary", () => {
  test.each([
    { members: 1, runs: 5 },
    { members: 2, runs: 10 },
    { members: 4, runs: 250 },
    { members: 5, runs: 60 },
    { members: 6, runs: 30 },
    { members: 7, runs: 30 },
    { members: 16, runs: 2 },
  ])("$members members, $runs runs", ({ members, runs }) => {
    const failures: string[] = [];
    const seeds = [...Array.from({ length: runs }, (_, index) => 1 + index), fresh];
    for (const seed of seeds) {
      for (const violation of simulate(members, seed).violations)
        failures.push(`N=${members} seed ${seed}: ${violation}`);
    }
    expect(failures).toEqual([]);
  });

  test("a seed gives the same run again", () => {
    expect(simulate(7, 12)).toEqual(simulate(7, 12));
  });
});

describe("one agreement with free inputs", () => {
  test.each([4, 5, 6, 7, 8, 9, 10, 16, 21])("%i members", (members) => {
    const failures: string[] = [];
    let coins = 0;
    for (const seed of [...Array.from({ length: 8000 / members ** 2 }, (_, index) => index), fresh]) {
      const run = simulateBinary(members, seed);
      coins += run.reachedCoin ? 1 : 0;
      for (const violation of run.violations) failures.push(`N=${members} seed ${seed}: ${violation}`);
    }
    expect(failures).toEqual([]);
    expect(coins).toBeGreaterThan(0);
  });
});

describe("scripted schedules", () => {
  test.each([1, 2, 5])("showing the slow f members the other value after the coin does not hold f=%i up", (faulty) => {
    for (let seed = 0; seed < 40; seed++) expect(splitAfterCoin(faulty, seed, 60).kind).toBe("decided");
  });

  test.each([1, 2, 5])("a member that enters late gives all its inputs, f=%i", (faulty) => {
    expect(zerosAfterLateEntry(faulty)).toBe(true);
  });

  test.each([1, 2, 5])("a coin that is known beforehand would hold f=%i up for ever", (faulty) => {
    for (let seed = 0; seed < 3; seed++) expect(coinKnownBefore(faulty, seed, 60).kind).toBe("endless");
  });
});
