import { MAX_LOG_RESULTS } from "@tributary/chain/chain/log-search";
import { privateKeyToAccount } from "viem/accounts";
import { expect, test } from "vitest";
import { FilterRegistry } from "./filter-registry.ts";
import { FixtureChain } from "./fixture-chain.testing.ts";
import { FILTER_IDLE_MS, MAX_FILTERS } from "./limits.ts";
import { queryLogs } from "./log-query.ts";

const account = privateKeyToAccount(`0x${"42".repeat(32)}`);

async function signed(nonce: number): Promise<Uint8Array> {
  const fields = { type: "legacy", chainId: 1, nonce, gas: 21_000n, gasPrice: 0n, to: null } as const;
  return Buffer.from((await account.signTransaction(fields)).slice(2), "hex");
}

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

test("a block with more logs than an answer takes is refused once, and passed over", async () => {
  const chain = new FixtureChain(1n);
  const log = { address: new Uint8Array(20), topics: [], data: new Uint8Array(0) };
  const query = { range: { kind: "range", from: undefined, to: undefined }, addresses: [], topics: [] } as const;
  const filters = new FilterRegistry(chain, () => 0);
  const id = filters.addLogs(query);
  for (const [nonce, count] of [MAX_LOG_RESULTS + 1, 3].entries()) {
    chain.logsOf = () => Array.from({ length: count }, () => log);
    await chain.submit(await signed(nonce));
    chain.mine();
  }
  await expect(filters.changes(id)).rejects.toThrow("ask for block 1 with addresses or topics");
  expect(await filters.changes(id)).toHaveLength(3);
  const range = queryLogs(chain, { ...query, range: { kind: "range", from: 1, to: 1 } }, () => undefined);
  await expect(range).rejects.toThrow("name addresses or topics");
  const byHash = { kind: "block", hash: chain.block(1)?.hash ?? new Uint8Array(32) } as const;
  await expect(queryLogs(chain, { ...query, range: byHash }, () => undefined)).rejects.toThrow("the block alone");
});

test("two polls at once do not give a log twice", async () => {
  const chain = new FixtureChain(1n);
  chain.logsOf = () => [{ address: new Uint8Array(20), topics: [], data: new Uint8Array(0) }];
  const filters = new FilterRegistry(chain, () => 0);
  const id = filters.addLogs({ range: { kind: "range", from: undefined, to: undefined }, addresses: [], topics: [] });
  await chain.submit(await signed(0));
  chain.mine();
  const polls = await Promise.all([filters.changes(id), filters.changes(id)]);
  expect(polls.flat()).toHaveLength(1);
});
