import { expect, test } from "vitest";
import type { Receipt } from "../block/receipt.ts";
import { addresses, TestChain } from "../chain/chain.fixture.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { BlockStore } from "./block-store.ts";

/** Remembers blocks 1..count, of which the store below has only the first; what is forgotten is not there any more. */
async function remembered(count: number, logBytes: number): Promise<BlockStore> {
  const store = new MemoryStore();
  const t = await TestChain.open({ storage: { store } });
  await t.block(t.sign(0, { nonce: 0n, to: addresses[7]!, value: 1n }));
  const blocks = new BlockStore(store);
  const record = blocks.block(1)!;
  const log = { address: addresses[0]!, topics: [], data: new Uint8Array(logBytes) };
  const receipts: Receipt[] = blocks.receipts(1).map((receipt) => ({ ...receipt, logs: [log] }));
  for (let number = 2; number <= count; number++) {
    blocks.remember({ ...record, block: { ...record.block, header: { ...record.block.header, number } } }, receipts);
  }
  return blocks;
}

test("blocks kept decoded weigh what they hold in memory, not their bytes on disk", async () => {
  const blocks = await remembered(6_000, 0);
  expect([blocks.block(6_000)?.block.header.number, blocks.block(2)]).toEqual([6_000, undefined]);
});

test("receipts kept decoded weigh as much as their logs, which no transaction carried", async () => {
  const blocks = await remembered(20, 1024 * 1024);
  expect([blocks.receipts(20).length, blocks.receipts(8).length, blocks.receipts(2).length]).toEqual([1, 1, 0]);
});
