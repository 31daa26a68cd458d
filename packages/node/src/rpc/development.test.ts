import { expect, test } from "vitest";
import { answer, ask, rich, sendSolo, solo, useSoloServer } from "./solo-server.testing.ts";

useSoloServer(undefined, undefined, true);

const to = `0x${"0b".repeat(20)}` as const;

test("evm_mine makes blocks now: one, some, at a time", async () => {
  await sendSolo({ to, value: 1n });
  expect(await answer("evm_mine")).toBe("0x0");
  const first = await answer("eth_getBlockByNumber", "latest", false);
  expect([first.number, first.transactions.length]).toEqual(["0x1", 1]);
  await answer("evm_mine", { blocks: "0x3" });
  expect(await answer("eth_blockNumber")).toBe("0x4");
  const time = Number(first.timestamp) + 1_000;
  await answer("evm_mine", time);
  expect(Number((await answer("eth_getBlockByNumber", "latest", false)).timestamp)).toBe(time);
  await answer("evm_setNextBlockTimestamp", `0x${(time + 50).toString(16)}`);
  await answer("evm_mine", {});
  expect(Number((await answer("eth_getBlockByNumber", "latest", false)).timestamp)).toBe(time + 50);
});

test("evm_increaseTime adds up, and code sees it", async () => {
  await answer("evm_mine");
  const now = Number((await answer("eth_getBlockByNumber", "latest", false)).timestamp);
  expect(await answer("evm_increaseTime", 100)).toBe(100);
  expect(await answer("evm_increaseTime", "0x64")).toBe(200);
  await answer("evm_mine");
  // TIMESTAMP, returned.
  const code = { [to]: { code: "0x4260005260206000f3" } };
  expect(Number(await answer("eth_call", { to }, "latest", code))).toBeGreaterThanOrEqual(now + 200);
});

test("evm_revert takes back what came after evm_snapshot, and filters go on from there", async () => {
  const id = await answer("evm_snapshot");
  const filter = await answer("eth_newBlockFilter");
  const hash = await sendSolo({ to, value: 7n });
  await answer("evm_mine", { blocks: 2 });
  expect(await answer("eth_getFilterChanges", filter)).toHaveLength(2);
  expect(await answer("evm_revert", id)).toBe(true);
  expect(await answer("eth_getBalance", to, "latest")).toBe("0x0");
  expect(await answer("eth_getTransactionByHash", hash)).toBeNull();
  expect(await answer("eth_getTransactionCount", rich.address, "pending")).toBe("0x0");
  await answer("evm_mine");
  expect(await answer("eth_getFilterChanges", filter)).toEqual([
    (await answer("eth_getBlockByNumber", "latest", false)).hash,
  ]);
  expect(await answer("evm_revert", id)).toBe(false);
  expect(solo.chain.head.height).toBe(3);
});

test("what makes no sense is refused", async () => {
  await answer("evm_mine");
  const refused = async (...request: Parameters<typeof ask>): Promise<number> => (await ask(...request)).error.code;
  expect(await refused("evm_increaseTime", -1)).toBe(-32602);
  expect(await refused("evm_increaseTime", 2 ** 50)).toBe(-32602);
  expect(await refused("evm_setNextBlockTimestamp", 5)).toBe(-32602);
  expect(await refused("evm_mine", { blocks: 1_000 })).toBe(-32602);
  expect(await refused("evm_mine", [])).toBe(-32602);
  expect(await refused("evm_revert", {})).toBe(-32602);
});
