import { privateKeyToAccount } from "viem/accounts";
import { expect, test } from "vitest";
import { FilterRegistry } from "./filter-registry.ts";
import { FixtureChain } from "./fixture-chain.testing.ts";
import { FILTER_IDLE_MS, MAX_FILTERS } from "./limits.ts";

const account = privateKeyToAccount(`0x${"42".repeat(32)}`);

test("a filter that nobody polls goes, one that is polled stays, and listeners go with them", async () => {
  let now = 0;
  const chain = new FixtureChain(1n);
  const filters = new FilterRegistry(chain, () => now);
  const idle = filters.addPending();
  const polled = filters.addBlocks();
  now = FILTER_IDLE_MS / 2;
  expect(await filters.changes(polled)).toEqual([]);
  expect(chain.listeners).toBe(1);
  now = FILTER_IDLE_MS + 1;
  expect(await filters.changes(polled)).toEqual([]);
  await expect(filters.changes(idle)).rejects.toMatchObject({ message: "filter not found" });
  expect(chain.listeners).toBe(0);
  now = 3 * FILTER_IDLE_MS;
  await expect(filters.changes(polled)).rejects.toMatchObject({ message: "filter not found" });
});

test("their number is bounded", () => {
  const filters = new FilterRegistry(new FixtureChain(1n), () => 0);
  for (let i = 0; i < MAX_FILTERS; i++) filters.addBlocks();
  expect(() => filters.addBlocks()).toThrow("too many filters");
  expect(filters.size).toBe(MAX_FILTERS);
});

test("blocks come once and none is left out", async () => {
  const chain = new FixtureChain(1n);
  const filters = new FilterRegistry(chain, () => 0);
  const id = filters.addBlocks();
  for (let i = 0; i < 50; i++) chain.mine();
  const first = await filters.changes(id);
  expect(new Set(first).size).toBe(50);
  chain.mine();
  expect(await filters.changes(id)).toHaveLength(1);
});

test("two polls at once do not give a log twice", async () => {
  const chain = new FixtureChain(1n);
  chain.logsOf = () => [{ address: new Uint8Array(20), topics: [], data: new Uint8Array(0) }];
  const filters = new FilterRegistry(chain, () => 0);
  const id = filters.addLogs({ range: { kind: "range", from: undefined, to: undefined }, addresses: [], topics: [] });
  const raw = await account.signTransaction({ type: "legacy", chainId: 1, gas: 21_000n, gasPrice: 0n, to: null });
  await chain.submit(Buffer.from(raw.slice(2), "hex"));
  chain.mine();
  const polls = await Promise.all([filters.changes(id), filters.changes(id)]);
  expect(polls.flat()).toHaveLength(1);
});
