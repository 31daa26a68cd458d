import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { readBody } from "./body-reader.ts";
import { HeldBytes } from "./held-bytes.ts";

test("one address may have a part, and all together no more than there is", () => {
  const held = new HeldBytes(1_000);
  const first = held.open("a");
  first.set(251);
  expect([held.isFull("a"), held.isFull("b")]).toEqual([true, false]);
  for (const address of ["b", "c", "d"]) held.open(address).set(250);
  expect(held.isFull("b")).toBe(true);
  first.set(0);
  expect([held.isFull("a"), held.isFull("b")]).toEqual([false, false]);
});

test("a body is read whole, and counts until it is let go", async () => {
  const held = new HeldBytes(112_000);
  const own = held.open("a");
  const body = await readBody(Readable.from([Buffer.alloc(20_000, 1), Buffer.alloc(7_000, 2)]), Number.NaN, own);
  expect([body.length, own.bytes]).toEqual([27_000, 27_000]);
  held.open("a").set(2_000);
  expect(held.isFull("a")).toBe(true);
  const parts = [Buffer.alloc(13_000), Buffer.alloc(13_000)];
  await expect(readBody(Readable.from(parts), 26_000, held.open("a"))).rejects.toMatchObject({ code: "full" });
  // A small one has room all the same, and so has another address.
  await expect(readBody(Readable.from([Buffer.alloc(16_000)]), 16_000, held.open("a"))).resolves.toHaveLength(16_000);
  await expect(readBody(Readable.from(parts), 26_000, held.open("b"))).resolves.toHaveLength(26_000);
});

test("no body is larger than allowed, whatever it announces", async () => {
  const own = new HeldBytes(1e9).open("a");
  const large = Array.from({ length: 6 }, () => Buffer.alloc(1024 * 1024));
  await expect(readBody(Readable.from(large), 10, own)).rejects.toMatchObject({ code: "too-large" });
  expect(own.bytes).toBe(0);
  await expect(readBody(Readable.from([]), 6 * 1024 * 1024, own)).rejects.toMatchObject({ code: "too-large" });
});
