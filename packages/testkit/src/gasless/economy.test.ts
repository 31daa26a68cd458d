import { LANE_SHARE } from "@tributary/protocol/gasless/lanes";
import { expect, test } from "vitest";
import { Economy, type EconomySettings } from "./economy.ts";

const small: EconomySettings = {
  ...{ members: 4, honest: 60, actions: 4, attackers: 6_000, attackRate: 60, blockActions: 80, heightMs: 250 },
  seed: 1,
};

test("honest actions are mined in time beside an attacker with a hundred times the accounts", async () => {
  const report = await Economy.run(small);
  expect(report.inTime).toBeGreaterThanOrEqual(0.95);
  expect(report.proofs).toBeGreaterThan(0);
  // It gets what nobody else wants.
  expect(report.attackerMined).toBeGreaterThan(report.actions);
});

test("where honest users want more than there is, the attacker gets no more than the share of those without history", async () => {
  const report = await Economy.run({ ...small, honest: 240, blockActions: 24, attackRate: 20 });
  expect(report.wantedBlocks).toBeGreaterThan(20);
  expect(report.attackerShareWanted).toBeLessThanOrEqual(LANE_SHARE.fresh);
});

test("buyers of more priority than there is, who flood, get the part of blocks that is sold, and no more while others wait", async () => {
  const crowd = { honest: 560, actions: 2, blockActions: 66, attackRate: 5 };
  const report = await Economy.run({ ...small, ...crowd, buyers: 8, bought: 0.5 });
  expect(report.wantedBlocks).toBeGreaterThan(5);
  expect(report.buyersShareWanted).toBeLessThanOrEqual(LANE_SHARE.priority);
  // They do come before others.
  expect(report.buyersShareWanted).toBeGreaterThan(LANE_SHARE.priority / 2);
  expect(report.attackerShareWanted).toBeLessThanOrEqual(LANE_SHARE.fresh);
});
