import { maxFaulty, quorum } from "@tributary/protocol/quorum";
import { expect, test } from "vitest";
import { Random } from "../agreement/random.ts";
import { MAINCHAIN_FAULTS, MEMBER_FAULTS } from "./faults.ts";
import { Planner } from "./plan.ts";

const planner = (members: number, seed: number, withDisk = [0, 1, 2]) =>
  new Planner(members, withDisk, new Random(seed));

test.each([4, 7, 16])(
  "%i members: at most f are struck, then more than f, and never a quorum in one part",
  (members) => {
    const f = maxFaulty(members);
    const disks = Array.from({ length: f + 1 }, (_, node) => node);
    const plans = planner(members, 1, disks);
    const kinds = new Map<string, number>();
    const mainchain = new Set<string>();
    for (let round = 0; round < 60; round++) {
      const within = plans.within();
      const struck = within.strikes.flatMap(({ victims }) => victims);
      expect(struck.length).toBeGreaterThan(0);
      expect(struck.length).toBeLessThanOrEqual(f);
      expect(new Set(struck).size).toBe(struck.length);
      if (within.mainchain !== undefined) mainchain.add(within.mainchain);
      for (const { kind, victims, groups } of plans.beyond().strikes) {
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        expect(victims.length).toBeGreaterThan(f);
        expect(new Set(victims).size).toBe(victims.length);
        for (const group of groups ?? []) expect(group.length).toBeLessThan(quorum(members));
        if (groups !== undefined) expect(groups.flat().toSorted((a, b) => a - b)).toHaveLength(members);
      }
    }
    expect([...kinds.values()]).toEqual(MEMBER_FAULTS.map(() => 60 / MEMBER_FAULTS.length));
    expect([...mainchain].toSorted()).toEqual(MAINCHAIN_FAULTS.toSorted());
  },
);

test("a seed decides everything, and no disk is filled where there is none", () => {
  const few = (seed: number) => {
    const plans = planner(4, seed, []);
    return Array.from({ length: 40 }, () => [plans.within(), plans.beyond()]);
  };
  expect(few(3)).toEqual(few(3));
  expect(few(3)).not.toEqual(few(4));
  expect(JSON.stringify(few(3))).not.toContain("full disk");
});
