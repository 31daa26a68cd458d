import { expect, test } from "vitest";
import { Standstill } from "./standstill.ts";

const still = { linked: true, frozen: false, busy: true, moved: false };

function after(
  steps: number,
  sight: Partial<typeof still> = {},
  standstill: Standstill = new Standstill(),
): Standstill {
  for (let i = 0; i < steps; i++) standstill.tick({ ...still, ...sight });
  return standstill;
}

test("a chain with work and links that does not move is stuck, and no longer once it moves", () => {
  expect(after(29).stuck).toBe(false);
  const stuck = after(30);
  expect(stuck.stuck).toBe(true);
  expect(after(1, { moved: true }, stuck).stuck).toBe(false);
});

test("an idle chain is not stuck, nor one whose members are away", () => {
  expect(after(100, { busy: false }).stuck).toBe(false);
  expect(after(100, { linked: false }).stuck).toBe(false);
  // Those who come back are given their time.
  expect(after(29, {}, after(100, { linked: false })).stuck).toBe(false);
});

test("a freeze neither makes a chain stuck nor heals it", () => {
  expect(after(100, { frozen: true }).stuck).toBe(false);
  expect(after(100, { frozen: true }, after(30)).stuck).toBe(true);
});
