import { toHex } from "@tributary/protocol/bytes/hex";
import { expect, test } from "vitest";
import { addresses, TestChain } from "../chain/chain.fixture.ts";
import { USES_KEY } from "../ledger/ledger-key.ts";
import { MemoryStore } from "../store/memory-store.ts";
import type { GaslessSettings } from "./gasless.ts";

const BLOCKS = 60;
/** A block of five transactions counts six: the forty-third brings it over 256, and the next one writes what it says. */
const KEPT = 43;
const RECEIPTS = "r".charCodeAt(0);

/** Counts receipts of blocks that are read. */
class CountingStore extends MemoryStore {
  receipts = 0;

  override get(key: Uint8Array): Uint8Array | undefined {
    if (key[0] === RECEIPTS && key.length === 9) this.receipts++;
    return super.get(key);
  }
}

type Start = { readonly read: number; readonly standings: readonly unknown[] };

/** A member that starts with what is in the store. */
async function start(store: CountingStore, gasless: Partial<GaslessSettings> = {}): Promise<Start> {
  store.receipts = 0;
  const { chain } = await TestChain.open({ storage: { store }, gasless });
  return { read: store.receipts, standings: addresses.map((address) => chain.standing(address)) };
}

async function usedChain(): Promise<{ store: CountingStore; standings: readonly unknown[] }> {
  const store = new CountingStore();
  const t = await TestChain.open({ storage: { store } });
  for (let nonce = 0n; nonce < BLOCKS; nonce++) {
    const transfers = [0, 1, 2, 3, 4].map((from) => t.sign(from, { nonce, to: addresses[7]!, value: 1n }));
    await t.block(...transfers);
  }
  return { store, standings: addresses.map((address) => t.chain.standing(address)) };
}

test("a start reads the blocks since the book was kept, and says of each account what it said before", async () => {
  const { store, standings } = await usedChain();
  expect(new Set(standings.map((standing) => JSON.stringify(standing))).size).toBeGreaterThan(1);
  expect(await start(store)).toEqual({ read: BLOCKS - KEPT, standings });
  await store.write([{ key: USES_KEY, value: undefined }]);
  expect(await start(store)).toEqual({ read: BLOCKS, standings });
});

test("a member that starts often keeps the book all the same", async () => {
  const store = new CountingStore();
  const read: number[] = [];
  let nonce = 0n;
  for (let life = 0; life < 4; life++) {
    store.receipts = 0;
    const t = await TestChain.open({ storage: { store } });
    read.push(store.receipts);
    for (let block = 0; block < 20; block++, nonce++) {
      await t.block(...[0, 1, 2, 3, 4].map((from) => t.sign(from, { nonce, to: addresses[7]!, value: 1n })));
    }
  }
  expect(read).toEqual([0, 20, 40, 60 - KEPT]);
});

test("a kept book that is damaged, of other settings or of a block that was taken back is not used", async () => {
  const { store, standings } = await usedChain();
  const kept = store.get(USES_KEY) ?? new Uint8Array(0);
  expect(toHex(kept.subarray(0, 8))).toBe(`0x${KEPT.toString(16).padStart(16, "0")}`);
  const changed = (at: number, value: number): Uint8Array =>
    Uint8Array.from(kept, (byte, i) => (i === at ? value : byte));
  const damaged = [
    new Uint8Array(0),
    kept.subarray(0, 40),
    kept.subarray(0, -1),
    Buffer.concat([kept, Buffer.alloc(1)]),
    // More rows than there are.
    changed(40 + 24, 0xff),
    // Another block's hash; a block that is not there; one beyond all numbers that are exact.
    changed(20, (kept[20] ?? 0) ^ 1),
    changed(6, 1),
    changed(0, 0xff),
  ];
  for (const value of damaged) {
    await store.write([{ key: USES_KEY, value }]);
    expect(await start(store)).toEqual({ read: BLOCKS, standings });
  }
  await store.write([{ key: USES_KEY, value: kept }]);
  expect((await start(store, { creditPerSecond: 1 })).read).toBe(BLOCKS);
  expect((await start(store)).read).toBe(BLOCKS - KEPT);
});
