import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@tributary/protocol/bytes/hex";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recomputeStateRoot } from "../state/recompute-state-root.ts";
import type { Write } from "../store/key-value-store.ts";
import { LevelStore } from "../store/level-store.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { addresses, genesisParameters, TestChain } from "./chain.fixture.ts";
import { Chain } from "./chain.ts";
import { writtenSnapshot } from "./snapshot.fixture.ts";

const BLOCKS = 12;
const KEPT = 5;
const to = addresses[1] ?? new Uint8Array(20);

/** A contract that logs one topic when it is created. */
const LOGGING = Uint8Array.from(Buffer.from("60015f5fa1", "hex"));

async function grow(t: TestChain, from: number, count: number): Promise<Uint8Array[]> {
  const sent: Uint8Array[] = [];
  for (let i = from; i < from + count; i++) {
    const transfer = t.sign(0, { nonce: BigInt(i), to, value: 1n });
    const creation = t.sign(1, { nonce: BigInt(i), data: LOGGING });
    await t.block(transfer, creation);
    sent.push(transfer, creation);
  }
  return sent;
}

/** Entries of blocks: everything but the state, the accumulators and what the chain is. */
async function blockEntries(store: { range: MemoryStore["range"] }): Promise<number> {
  let count = 0;
  for (const prefix of "brinxlh") {
    for await (const _ of store.range(Buffer.from(prefix), Uint8Array.of(prefix.charCodeAt(0) + 1))) count++;
  }
  return count;
}

describe("pruning", () => {
  test("drops what is beyond the policy and nothing else, and says so", async () => {
    const store = new MemoryStore();
    const t = await TestChain.open({ storage: { store }, keepBlocks: KEPT });
    const fresh = new MemoryStore();
    const all = await TestChain.open({ storage: { store: fresh } });
    await grow(t, 0, BLOCKS);
    await grow(all, 0, BLOCKS);
    const gone = t.chain.block(3);
    const included = t.chain.transactionAt(3, 0)?.transaction.hash ?? new Uint8Array(32);
    expect(t.chain.receipt(included)).toBeDefined();
    expect(await t.chain.prune(4)).toBe(true);
    expect(t.chain.block("earliest")?.header.number).toBe(5);
    expect(await t.chain.prune(4)).toBe(false);
    const first = BLOCKS - KEPT + 1;
    expect(t.chain.block("earliest")?.header.number).toBe(first);
    expect(await t.chain.prune()).toBe(false);
    for (let number = 1; number < first; number++) {
      expect(t.chain.block(number)).toBeUndefined();
      expect(t.chain.receipts(number)).toBeUndefined();
    }
    expect(t.chain.block(gone?.hash ?? new Uint8Array(32))).toBeUndefined();
    expect(t.chain.transaction(included)).toBeUndefined();
    expect(t.chain.receipt(included)).toBeUndefined();
    await expect(t.chain.logs({ fromBlock: first - 1, toBlock: BLOCKS })).rejects.toMatchObject({
      code: "history-pruned",
    });
    const filter = { fromBlock: first, toBlock: BLOCKS };
    expect(await t.chain.logs(filter)).toEqual(await all.chain.logs(filter));
    for (let number = first; number <= BLOCKS; number++) {
      expect(t.chain.block(number)).toEqual(all.chain.block(number));
      expect(t.chain.receipts(number)).toEqual(all.chain.receipts(number));
    }
    expect(t.chain.block(0)).toEqual(all.chain.block(0));
    // Each of the removed blocks had a record, receipts, two hashes, two transactions and a bloom.
    expect((await blockEntries(fresh)) - (await blockEntries(store))).toBe(7 * (first - 1));
    expect(toHex((await t.chain.audit()).root)).toBe(toHex(t.chain.head.header.stateRoot));
    await grow(t, BLOCKS, 1);
    await grow(all, BLOCKS, 1);
    expect(toHex(t.chain.head.hash)).toBe(toHex(all.chain.head.hash));
  });

  test("an archive drops nothing, and a short chain has nothing to drop", async () => {
    const archive = await TestChain.open();
    await grow(archive, 0, 6);
    expect(await archive.chain.prune()).toBe(false);
    expect(archive.chain.block("earliest")?.header.number).toBe(0);
    const short = await TestChain.open({ keepBlocks: KEPT });
    await grow(short, 0, KEPT - 1);
    expect(await short.chain.prune()).toBe(false);
    expect(short.chain.block("earliest")?.header.number).toBe(0);
    expect(short.chain.block(1)).toBeDefined();
  });

  test("the chain goes on while it is pruned, and a search that loses its blocks says so", async () => {
    const t = await TestChain.open({ keepBlocks: KEPT });
    await grow(t, 0, BLOCKS);
    const search = t.chain.logs({ fromBlock: 1, toBlock: BLOCKS });
    const pruning = t.chain.prune();
    const growing = grow(t, BLOCKS, 3);
    await expect(search).rejects.toMatchObject({ code: "history-pruned" });
    await Promise.all([pruning, growing]);
    expect(t.chain.head.header.number).toBe(BLOCKS + 3);
    expect(t.failures).toEqual([]);
  });
});

/** Writes no more from some batch on. */
class StoppedStore extends MemoryStore {
  left = Number.POSITIVE_INFINITY;

  override write(batch: readonly Write[]): Promise<void> {
    return this.left-- > 0 ? super.write(batch) : Promise.reject(new Error("killed"));
  }
}

test("killed at any of its writes, a pruning leaves whole blocks from `earliest` on and goes on later", async () => {
  for (let left = 0; left < 4; left++) {
    const store = new StoppedStore();
    const t = await TestChain.open({ storage: { store }, keepBlocks: KEPT });
    await grow(t, 0, BLOCKS);
    store.left = left;
    let more = true;
    while (more) {
      const result = t.chain.prune(2);
      more = await result.catch(() => false);
    }
    store.left = Number.POSITIVE_INFINITY;
    const again = await TestChain.open({ storage: { store }, keepBlocks: KEPT });
    const earliest = again.chain.block("earliest")?.header.number ?? 0;
    expect(earliest).toBe(left === 0 ? 0 : 2 * left + 1);
    for (let number = 1; number <= BLOCKS; number++) {
      expect(again.chain.block(number) !== undefined).toBe(number >= earliest);
      expect(again.chain.receipts(number)?.length).toBe(number >= earliest ? 2 : undefined);
    }
    while (await again.chain.prune(2));
    expect(again.chain.block("earliest")?.header.number).toBe(BLOCKS - KEPT + 1);
    expect(toHex((await recomputeStateRoot(store)).root)).toBe(toHex(again.chain.head.header.stateRoot));
    await grow(again, BLOCKS, 1);
  }
});

describe("on disk", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "prune-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("a chain that began with a snapshot drops its headers and where it came from too", async () => {
    const t = await TestChain.open();
    await grow(t, 0, BLOCKS);
    const files = await writtenSnapshot(t, join(directory, "written"));
    const joined = await Chain.open({ ...options(), keepBlocks: KEPT });
    const manifest = joined.checkManifest(files.manifest);
    if (!manifest.ok) throw new Error(manifest.reason);
    const into = await joined.importSnapshot(manifest.manifest);
    for (const bucket of into.missing) {
      const one = into.bucket(bucket);
      await one.push(files.read(bucket, 0, files.size(bucket)));
      expect(await one.end()).toBe(true);
    }
    const codes = await into.wantedCodes(100);
    expect(await into.codes(codes, t.chain.codes(codes, 1_000_000))).toBe(true);
    await into.finish();
    await joined.close();
    const later = await TestChain.open({ storage: { directory }, keepBlocks: KEPT });
    expect(later.chain.block("earliest")?.header.number).toBe(BLOCKS);
    expect(later.chain.origin).toBeDefined();
    expect(await later.chain.prune()).toBe(false);
    await grow(later, BLOCKS, KEPT + 1);
    expect(await later.chain.prune()).toBe(false);
    expect(later.chain.block("earliest")?.header.number).toBe(BLOCKS + 2);
    expect(later.chain.origin).toBeUndefined();
    await later.chain.close();
    const store = await LevelStore.open(join(directory, "state"));
    // Genesis has a record, two hashes, and a header that came with the snapshot; every block kept has seven entries.
    expect(await blockEntries(store)).toBe(4 + 7 * KEPT);
    await store.close();
  });

  function options(): Parameters<typeof Chain.open>[0] {
    const onFailure = (error: unknown): never => {
      throw error;
    };
    return { genesis: genesisParameters(), storage: { directory }, seatsOf: () => 4, onFailure };
  }
});
