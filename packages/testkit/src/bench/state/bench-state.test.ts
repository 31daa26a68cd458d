import { MemoryStore } from "@tributary/chain/store/memory-store";
import { expect, test } from "vitest";
import { risePerTenfold } from "./bench-state.ts";
import { CountingStore } from "./counting-store.ts";

test("the rise is that of a line over the logarithm", () => {
  expect(risePerTenfold([100, 1_000, 100_000].map((accounts) => [accounts, 3 + 5 * Math.log10(accounts)]))).toBe(5);
  expect(
    risePerTenfold([
      [10, 7],
      [1_000, 7],
    ]),
  ).toBe(0);
});

test("reads count whether found or not, writes by entry", async () => {
  const store = new CountingStore(new MemoryStore());
  const key = Uint8Array.of(1, 2);
  await store.write([
    { key, value: Uint8Array.of(3) },
    { key: Uint8Array.of(4), value: undefined },
  ]);
  expect(store.get(key)).toEqual(Uint8Array.of(3));
  expect(store.get(Uint8Array.of(4))).toBeUndefined();
  expect([store.reads, store.writes, store.bytesWritten]).toEqual([2, 2, 4]);
});
