import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { requireRecord } from "../consensus/stored-state.ts";
import { isDiverged, setStateAside } from "./diverged-state.ts";

const hash = (byte: string): `0x${string}` => `0x${byte.repeat(32)}`;

test("what is on disk must be the record's: nothing above its orders, and its container where it is final", () => {
  const record = {
    finalHeight: 7,
    finalHash: hash("07"),
    orderHeight: 9,
    order: hash("09"),
    committeeOf: () => undefined,
  };
  const check =
    (committed: number, at = hash("07")) =>
    () =>
      requireRecord(record, committed, () => at);
  for (const committed of [0, 6, 7, 9]) expect(check(committed)).not.toThrow();
  expect(check(6, hash("aa"))).not.toThrow();
  for (const committed of [7, 9]) expect(check(committed, hash("aa"))).toThrow("era that ended");
  expect(check(10)).toThrow("era that ended");
  expect(() => requireRecord({ ...record, finalHeight: 0 }, 3, () => hash("aa"))).not.toThrow();
});

test("a state that is not the recorded one is put aside, and what was signed stays known", async () => {
  const folder = mkdtempSync(join(tmpdir(), "diverged-"));
  const put = (name: string): void => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "file"), name);
  };
  for (const name of ["chain", "containers", "log-1-1", "log-2-1", "journal"]) put(name);
  let error: unknown;
  try {
    requireRecord(
      {
        finalHeight: 1,
        finalHash: hash("01"),
        orderHeight: 1,
        order: hash("02"),
        committeeOf: () => undefined,
      },
      2,
      () => undefined,
    );
  } catch (thrown) {
    error = thrown;
  }
  expect(isDiverged(error)).toBe(true);
  expect(isDiverged(new Error("other"))).toBe(false);
  await setStateAside(folder);
  const there = (name: string): boolean => existsSync(join(folder, name, "file"));
  expect(["chain", "containers", "log-1-1", "log-2-1", "journal"].filter(there)).toEqual(["journal"]);
  expect(there("diverged/chain")).toBe(true);
  put("chain");
  await setStateAside(folder);
  expect([there("diverged/chain"), there("diverged/containers")]).toEqual([true, false]);
  rmSync(folder, { recursive: true });
});
