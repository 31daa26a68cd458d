import type { Chain } from "@tributary/chain/chain/chain";
import { expect, test } from "vitest";
import { StateRepair } from "./state-repair.ts";

const root = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const logger = { warn: () => undefined, error: () => undefined };
const healthy = { divergence: undefined, split: undefined, executed: 12, height: 10, final: 10 };
const split = { height: 11, hashes: [] };
const halted = (reason: "diverged" | "irreproducible") => ({ reason, height: 11, own: "", other: "" });

/** Of a chain at height 10 whose disk gives this root; the header commits to root 1. */
function repairOf(found: Uint8Array): { repair: StateRepair; audits: () => number } {
  let audits = 0;
  const chain = {
    head: { header: { number: 10, stateRoot: root(1) } },
    audit: async () => {
      audits += 1;
      return { root: found, badCode: [], accounts: 0, slots: 0 };
    },
  } as unknown as Pick<Chain, "audit" | "head">;
  const repair = new StateRepair(chain, logger, (error) => {
    throw error;
  });
  return { repair, audits: () => audits };
}

test("a result that F contradicts wants a state from above all that was executed", () => {
  const { repair } = repairOf(root(1));
  expect(repair.least(healthy)).toBeUndefined();
  expect(repair.least({ ...healthy, divergence: halted("diverged"), final: 11 })).toBe(13);
});

test("where members disagree each looks through its own state, once, and replaces a spoilt one", async () => {
  for (const [byte, least] of [
    [1, undefined],
    [2, 10],
  ] as const) {
    const { repair, audits } = repairOf(root(byte));
    repair.look(healthy);
    repair.look({ ...healthy, split });
    await repair.stop();
    repair.look({ ...healthy, split });
    await repair.stop();
    expect(audits()).toBe(1);
    expect(repair.least({ ...healthy, split })).toBe(least);
  }
});

test("a replaced state that is sound is told, though its result is not the one in the log", async () => {
  const { repair } = repairOf(root(1));
  const status = { ...healthy, divergence: halted("irreproducible"), executed: 10 };
  expect(repair.least(status)).toBe(12);
  repair.look(status);
  await repair.stop();
  expect(repair.least(status)).toBeUndefined();
  // The others made it final meanwhile: whose result is right is known, and what is above can be had.
  expect(repair.least({ ...status, final: 12 })).toBe(12);
});
