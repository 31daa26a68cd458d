import { toHex } from "@tributary/protocol/bytes/hex";
import type { ScheduledFork } from "@tributary/protocol/container/fork-schedule";
import { expect, test } from "vitest";
import { addresses, hex, TestChain } from "../chain/chain.fixture.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { KNOWN_FORKS, rulesOf } from "./fork.ts";

/** Creates a contract that returns CLZ, an opcode of Osaka, of 1. */
const CREATE_IT = hex("6860011e5f5260205ff35f5260096017f3");
const OLDER_BUILD = KNOWN_FORKS.slice(0, 1);

test("a block is executed by the rules that its container names, and says so for ever", async () => {
  const t = await TestChain.open();
  await t.block(t.sign(0, { data: CREATE_IT }));
  const to = t.chain.receipts(1)?.[0]?.receipt.contractAddress;
  if (to === undefined) throw new Error("nothing was created");
  await t.block(t.sign(1, { to }));
  t.rules = 2;
  await t.block(t.sign(2, { to }));
  expect([0, 1, 2, 3].map((number) => rulesOf(t.chain.block(number)!.header))).toEqual([1, 1, 1, 2]);
  expect([2, 3].map((number) => t.chain.receipts(number)?.[0]?.receipt.status)).toEqual([0, 1]);
  expect(await t.chain.call({ to }, 2)).toMatchObject({ kind: "halt" });
  expect(await t.chain.call({ to }, 3)).toMatchObject({ kind: "success", data: hex(`${"00".repeat(31)}ff`) });
  const outcomes: number[] = [];
  await t.chain.replay(3, 1, (_, index) => {
    outcomes.push(index);
    return undefined;
  });
  expect(outcomes).toEqual([0]);
  const call = { to, type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n } as const;
  const options = { validation: false, traceTransfers: false, gas: 1_000_000n, check: () => undefined };
  const plans = [{ block: {}, state: [], calls: [call] }];
  const simulate = (block: number) => t.chain.simulate(block, plans, { ...options, bounded: (tracer) => tracer });
  const [before] = await simulate(2);
  const [after] = await simulate(3);
  expect([before, after].map((each) => each?.outcomes[0]?.result.kind)).toEqual(["halt", "success"]);
  await t.chain.close();
});

test("a transaction's cap comes with its fork: pool, estimate and blocks hold to it, calls do not", async () => {
  const t = await TestChain.open();
  const large = { to: addresses[1]!, gasLimit: (1n << 24n) + 1n };
  expect(await t.chain.submit(t.sign(0, large))).toMatchObject({ kind: "accepted" });
  t.rules = 2;
  const { transactions } = await t.block(t.sign(0, large));
  expect(transactions).toMatchObject([{ mark: "skipped" }]);
  expect(t.chain.poolStatus()).toMatchObject({ pending: 0, queued: 0 });
  expect(await t.chain.submit(t.sign(0, large))).toMatchObject({
    rejection: {
      code: "transaction-gas-limit",
      message: "transaction gas limit too high (cap: 16777216, tx: 16777217)",
    },
  });
  expect(await t.chain.call({ to: addresses[1]!, gas: 30_000_000n })).toMatchObject({ kind: "success" });
  const burn = await t.chain.estimateGas({ data: hex("5b5f56") });
  expect(burn).toMatchObject({ message: "gas required exceeds allowance (16777216)" });
  await t.chain.close();
});

test("a build that lacks the rules of what is stored says so instead of reading it wrongly", async () => {
  const store = new MemoryStore();
  const t = await TestChain.open({ storage: { store } });
  t.rules = 2;
  await t.block();
  await expect(TestChain.open({ storage: { store }, forks: OLDER_BUILD })).rejects.toMatchObject({
    code: "unknown-fork",
    message: "block 1 was executed by rules 2, this version knows 1: install a newer one",
  });
  expect(t.chain.executor.knows(2)).toBe(true);
  expect(t.chain.executor.knows(3)).toBe(false);
});

test("what is announced stands in the schedule, rules that are not known here without what they bring", async () => {
  const osaka: ScheduledFork = { rules: 2, time: 1_700_000_500, block: 5, cancelled: undefined };
  const entries = [
    { ...osaka, time: 1_700_000_400, block: 4, cancelled: 5 },
    osaka,
    { ...osaka, rules: 9, time: 1_700_001_000 },
  ];
  const t = await TestChain.open({ schedule: () => entries });
  const { current, next, last } = t.chain.rules();
  expect([current.activationTime, next?.activationTime, last?.activationTime]).toEqual([
    0, 1_700_000_500, 1_700_001_000,
  ]);
  expect([current.fork, next?.fork, last?.fork]).toEqual(["prague", "osaka", undefined]);
  expect(new Set([current, next, last].map((rules) => toHex(rules!.forkId))).size).toBe(3);
  t.rules = 2;
  await t.block();
  const after = t.chain.rules();
  expect(after.current).toEqual(next);
  expect(after.next).toEqual(last);
  await t.chain.close();
});
