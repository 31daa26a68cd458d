import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accuseFinals } from "@tributary/protocol/evidence/accuse";
import { Speaker, word } from "@tributary/protocol/evidence/evidence.testing";
import { ClassicLevel } from "classic-level";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LevelContainerStore } from "./level-container-store.ts";

let folder = "";
const open: LevelContainerStore[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "container-store-"));
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<LevelContainerStore> {
  const store = await LevelContainerStore.open(folder, (error) => {
    throw error;
  });
  open.push(store);
  return store;
}

const flushed = (store: LevelContainerStore): Promise<void> => new Promise((resolve) => store.flush(resolve));
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test("what was put is visible at once and there after reopening", async () => {
  const store = await start();
  expect([store.highestOrder, store.highestContainer, store.order(1)]).toEqual([0, 0, undefined]);
  for (const height of [1, 255, 256, 70_000]) store.putOrder(height, bytes(height & 0xff));
  store.putContainer(255, bytes());
  store.putContainer(256, bytes(1, 2));
  store.putContainer(256, bytes(3, 4));
  expect([store.highestOrder, store.highestContainer, store.container(256)]).toEqual([70_000, 256, bytes(3, 4)]);
  await store.close();

  const again = await start();
  expect([again.highestOrder, again.highestContainer]).toEqual([70_000, 256]);
  expect([again.order(70_000), again.container(255), again.container(256), again.container(1)]).toEqual([
    bytes(70_000 & 0xff),
    bytes(),
    bytes(3, 4),
    undefined,
  ]);
});

test("what is below a height can be dropped, evidence apart, and never the newest", async () => {
  const store = await start();
  for (let height = 1; height <= 300; height++) {
    store.putOrder(height, bytes(height & 0xff));
    store.putContainer(height, bytes(height & 0xff));
  }
  await flushed(store);
  await store.prune(257);
  for (const height of [1, 255, 256])
    expect([store.order(height), store.container(height)]).toEqual([undefined, undefined]);
  for (const height of [257, 300]) {
    expect([store.order(height), store.container(height)]).toEqual([bytes(height & 0xff), bytes(height & 0xff)]);
  }
  await store.prune(1_000);
  expect([store.order(299), store.container(299)]).toEqual([undefined, undefined]);
  await store.close();
  const again = await start();
  expect([again.order(300), again.container(300)]).toEqual([bytes(300 & 0xff), bytes(300 & 0xff)]);
  expect([again.highestOrder, again.highestContainer, again.container(256)]).toEqual([300, 300, undefined]);
});

test("flushes that wait share a batch", async () => {
  const store = await start();
  const flushes = Array.from({ length: 20 }, (_, i) => {
    store.putOrder(i + 1, bytes(i));
    return flushed(store);
  });
  await Promise.all(flushes);
  await flushed(store);
  expect(store.batches).toBe(1);
});

test("keeps the first proof of each offence, in pages by height, over a restart", async () => {
  const store = await start();
  const proofs = [7, 5, 300].map((height) => {
    const speaker = new Speaker({ group: word(1), era: 1, epoch: 2, height }, 3);
    const evidence = accuseFinals(speaker.final(word(5)), speaker.final(word(6)));
    return { offence: { kind: "final", ...speaker.slot, seat: 3 } as const, evidence };
  });
  for (const { offence, evidence } of proofs) {
    expect(store.wantsEvidence(offence)).toBe(true);
    store.putEvidence(offence, evidence);
    store.putEvidence(offence, bytes(9));
    expect(store.wantsEvidence(offence)).toBe(false);
  }
  const ascending = [1, 0, 2].map((index) => proofs[index]!.evidence);
  await flushed(store);
  const first = await store.evidence(2);
  expect(first.evidence).toEqual(ascending.slice(0, 2));
  expect(await store.evidence(2, first.next)).toEqual({ evidence: ascending.slice(2) });
  expect(await store.evidence(3)).toEqual({ evidence: ascending });
  await store.close();
  const again = await start();
  expect(again.evidenceCount).toBe(3);
  expect(again.wantsEvidence(proofs[0]!.offence)).toBe(false);
  expect(again.wantsEvidence({ ...proofs[0]!.offence, kind: "decide" })).toBe(true);
});

test("a changed byte of a record is damage and no value", async () => {
  const store = await start();
  store.putContainer(3, new Uint8Array(500).fill(0xab));
  await store.close();
  const database = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: "view", valueEncoding: "view" });
  const [at] = await database.keys({ reverse: true, limit: 1, lt: bytes(0x64) }).all();
  const value = (await database.get(at!))!;
  await database.put(
    at!,
    value.map((byte, i) => (i === 100 ? byte ^ 1 : byte)),
  );
  await database.close();
  const again = await start();
  expect(() => again.container(3)).toThrow(expect.objectContaining({ code: "store-damaged" }));
});

test("a damaged database, one in use and a foreign one are told apart when opened", async () => {
  const store = await start();
  store.putOrder(1, bytes(1));
  await flushed(store);
  await expect(start()).rejects.toMatchObject({ code: "store-locked", message: expect.stringContaining(folder) });
  await store.close();
  const database = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: "view", valueEncoding: "view" });
  await database.put(bytes(0), bytes(9));
  await database.close();
  await expect(start()).rejects.toMatchObject({
    code: "store-format",
    message: `${folder} holds on-disk format 9, this version reads 1: install a newer version`,
  });
  const manifest = join(folder, readdirSync(folder).find((name) => name.startsWith("MANIFEST"))!);
  writeFileSync(manifest, readFileSync(manifest).subarray(0, 20));
  await expect(start()).rejects.toMatchObject({ code: "store-damaged", message: expect.stringContaining(folder) });
});
