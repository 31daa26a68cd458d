import { MESSAGE_KINDS } from "@tributary/protocol/wire/index";
import { describe, expect, test } from "vitest";
import { Abuse } from "./abuse.ts";
import { runMutant } from "./mutant-runs.ts";
import { MUTANTS } from "./mutants.ts";
import { simulateNetwork } from "./simulation.ts";

function failureOf(members: number, seed: number, heights: number, calm = false): string | undefined {
  return simulateNetwork({ members, heights, seed, calm }).failure;
}

describe("whole members", () => {
  test("a member alone makes its chain final", () => {
    for (let seed = 1; seed <= 5; seed++) expect(failureOf(1, seed, 5)).toBeUndefined();
  });

  test("a quiet network of honest members agrees", () => {
    for (const members of [2, 4, 7]) expect(failureOf(members, 1, 5, true)).toBeUndefined();
  });

  test("f faulty members, resets and crashes break nothing", () => {
    const abuse = new Abuse();
    for (let seed = 1; seed <= 24; seed++) {
      const report = simulateNetwork({ members: 4, heights: 5, seed });
      expect(report.failure, `seed ${seed}`).toBeUndefined();
      abuse.merge(report.abuse);
    }
    for (let seed = 1; seed <= 3; seed++) expect(failureOf(7, seed, 4), `seed ${seed}`).toBeUndefined();
    for (const kind of MESSAGE_KINDS) {
      expect(abuse.count(kind, "forged"), kind).toBeGreaterThan(0);
      expect(abuse.count(kind, "equivocated"), kind).toBeGreaterThan(0);
    }
  });

  test("the same seed gives the same run", () => {
    const once = simulateNetwork({ members: 4, heights: 4, seed: 77 });
    const again = simulateNetwork({ members: 4, heights: 4, seed: 77 });
    expect(again.steps).toBe(once.steps);
    expect(again.messages).toBe(once.messages);
  });
});

describe("the simulator notices", () => {
  const fast = ["second proposal", "send before flush", "unchecked F", "header without state root"];
  for (const name of fast) {
    test(name, async () => {
      const mutant = MUTANTS.find((candidate) => candidate.name === name);
      if (mutant === undefined) throw new Error(`no such mutant: ${name}`);
      const { killed, why } = await runMutant(mutant, 20);
      expect(killed, why).toBe(true);
    });
  }
});
