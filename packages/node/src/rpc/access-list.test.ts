import type { Hex } from "viem";
import { expect, test } from "vitest";
import { answer, ask, rich, useSoloServer } from "./solo-server.testing.ts";

useSoloServer();

const target: Hex = `0x${"7a".repeat(20)}`;
const other: Hex = `0x${"7b".repeat(20)}`;
const key = (value: number): Hex => `0x${value.toString(16).padStart(64, "0")}`;
const from = rich.address;

/** Calls `other`, asks for its own balance, the caller's and a precompile's, and stores to slot 2. */
const code: Hex = `0x6000600060006000600073${other.slice(2)}61c350f1503031503331506001315060056002550000`;
/** Reads the slots 5 and 6. */
const otherCode: Hex = "0x6005545060065450";
const state = { [target]: { code }, [other]: { code: otherCode } };

test("the list names what a call touches and is not warm anyway", async () => {
  const call = { from, to: target };
  const list = await answer("eth_createAccessList", call, "latest", state);
  expect(list.accessList).toEqual([
    { address: other, storageKeys: [key(5), key(6)] },
    { address: target, storageKeys: [key(2)] },
  ]);
  expect(list.error).toBeUndefined();
  const gas = BigInt(list.gasUsed);
  // With the list it costs what it says, and not less than without.
  const traced = await answer("debug_traceCall", { ...call, accessList: list.accessList }, "latest", {
    stateOverrides: state,
  });
  expect(BigInt(traced.gas)).toBe(gas);
  const again = await answer("eth_createAccessList", { ...call, accessList: list.accessList }, "latest", state);
  expect(again).toEqual(list);
});

test("a call that fails has a list too, with its error", async () => {
  const reverting = { [target]: { code: "0x60035460006000fd" } };
  const list = await answer("eth_createAccessList", { from, to: target }, "latest", reverting);
  expect(list).toMatchObject({
    ...{ accessList: [{ address: target, storageKeys: [key(3)] }], error: "execution reverted" },
  });
  expect((await ask("eth_createAccessList", { from: other, to: target, value: "0x1" })).error.message).toContain(
    "insufficient funds",
  );
});

test("a transfer touches nothing", async () => {
  expect(await answer("eth_createAccessList", { from, to: other, value: "0x1" })).toEqual({
    ...{ accessList: [], gasUsed: "0x5208" },
  });
});
