import { toHex } from "@tributary/protocol/bytes/hex";
import { expect, test } from "vitest";
import { BucketSet, type Change } from "../state/bucket-set.ts";
import { fromKey } from "../store/key.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { bucketKey } from "./ledger-key.ts";
import { bucketsAt, StoredBuckets } from "./stored-buckets.ts";

/** A store to which blocks are written as the ledger does, and what it has to give. */
class Blocks {
  readonly store = new MemoryStore();
  readonly entries = new Map<string, Uint8Array>();
  buckets = BucketSet.empty();
  stored: StoredBuckets = StoredBuckets.open(this.store, 0)[0];
  head = 0;

  async add(after: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    const changes = [...after].map(([key, value]): Change => ({ key, before: this.entries.get(key), after: value }));
    this.buckets = this.buckets.apply(changes.filter(({ key }) => !key.startsWith("c")));
    this.head++;
    await this.store.write([
      ...changes.map(({ key, after: value }) => ({ key: fromKey(key), value })),
      ...this.stored.writes(this.head, changes, this.buckets),
    ]);
    for (const [key, value] of after) {
      if (value === undefined) this.entries.delete(key);
      else this.entries.set(key, value);
    }
  }

  async records(): Promise<number> {
    let count = 0;
    for await (const _ of this.store.range(fromKey("v"), fromKey("w"))) count++;
    return count;
  }
}

function changesOf(number: number, entries: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array | undefined> {
  const out = new Map<string, Uint8Array | undefined>();
  for (let i = 0; i < 12; i++) {
    const key = `${i % 2 === 0 ? "a" : "s"}\xff${(number * 7 + i * i) % 50}`;
    const gone = entries.has(key) && (number + i) % 3 === 0;
    out.set(key, gone ? undefined : Uint8Array.of(number & 255, number >> 8, i));
  }
  if (number % 10 === 0) out.set(`c${number}`, new Uint8Array(3_000));
  return out;
}

test("the accumulators of the newest block are found at every block, whether opened there before or not", async () => {
  const blocks = new Blocks();
  let most = 0;
  let whole = 0;
  for (let number = 1; number <= 200; number++) {
    await blocks.add(changesOf(number, blocks.entries));
    const records = await blocks.records();
    most = Math.max(most, records);
    if (records === 0) whole++;
    expect(toHex(bucketsAt(blocks.store, number).root)).toBe(toHex(blocks.buckets.root));
    if (number % 37 !== 0) continue;
    const [stored, buckets] = StoredBuckets.open(blocks.store, number);
    blocks.stored = stored;
    blocks.buckets = buckets;
  }
  expect([most, whole]).toEqual([63, 3]);
});

test("large blocks take few records, and a rewrite leaves none", async () => {
  const blocks = new Blocks();
  const many = (number: number): Map<string, Uint8Array> =>
    new Map(Array.from({ length: 6_000 }, (_, i) => [`a${i}`, new Uint8Array(72).fill(number)]));
  const found: number[] = [];
  for (let number = 1; number <= 8; number++) {
    await blocks.add(many(number));
    found.push(await blocks.records());
  }
  // The first one has nothing before it: 40 kB, then 470 kB each.
  expect(found).toEqual([1, 2, 3, 4, 5, 0, 1, 2]);
  expect(toHex(bucketsAt(blocks.store, 8).root)).toBe(toHex(blocks.buckets.root));
  await blocks.store.write(blocks.stored.rewrite(blocks.buckets));
  expect(await blocks.records()).toBe(0);
  expect(toHex(bucketsAt(blocks.store, 8).root)).toBe(toHex(blocks.buckets.root));
});

test("a record that is cut is damage, and a store without records has the accumulators as they are", async () => {
  const blocks = new Blocks();
  await blocks.add(changesOf(1, blocks.entries));
  for await (const [key, value] of blocks.store.range(fromKey("v"), fromKey("w"))) {
    await blocks.store.write([{ key, value: value.slice(0, -1) }]);
  }
  expect(() => bucketsAt(blocks.store, 1)).toThrow(expect.objectContaining({ code: "store-damaged" }));
  const plain = new MemoryStore();
  await plain.write(
    blocks.buckets.changed.map((bucket) => ({ key: bucketKey(bucket), value: blocks.buckets.accumulator(bucket) })),
  );
  expect(toHex(StoredBuckets.open(plain, 5)[1].root)).toBe(toHex(blocks.buckets.root));
});
