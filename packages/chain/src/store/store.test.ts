import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KeyValueStore } from "./key-value-store.ts";
import { LevelStore } from "./level-store.ts";
import { MemoryStore } from "./memory-store.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "store-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const stores: [string, () => Promise<KeyValueStore>][] = [
  ["MemoryStore", async () => new MemoryStore()],
  ["LevelStore", () => LevelStore.open(join(directory, "db"))],
];

describe.each(stores)("%s", (_, open) => {
  async function list(store: KeyValueStore, start: Uint8Array, end: Uint8Array): Promise<number[][]> {
    const out: number[][] = [];
    for await (const [key, value] of store.range(start, end)) out.push([...key, ...value]);
    return out;
  }

  test("reads what was written, and nothing else", async () => {
    const store = await open();
    expect(store.get(bytes(97))).toBeUndefined();
    await store.write([
      { key: bytes(97, 1), value: bytes(1) },
      { key: bytes(97, 2), value: new Uint8Array(0) },
    ]);
    expect([...store.get(bytes(97, 1))!]).toEqual([1]);
    expect(store.get(bytes(97, 2))?.length).toBe(0);
    expect(store.get(bytes(97))).toBeUndefined();
    await store.close();
  });

  test("applies a batch in order, removals included", async () => {
    const store = await open();
    await store.write([{ key: bytes(97), value: bytes(1) }]);
    await store.write([
      { key: bytes(97), value: undefined },
      { key: bytes(98), value: bytes(2) },
      { key: bytes(98), value: bytes(3) },
      { key: bytes(99), value: undefined },
    ]);
    expect(store.get(bytes(97))).toBeUndefined();
    expect([...store.get(bytes(98))!]).toEqual([3]);
    await store.close();
  });

  test("a snapshot stays as it was, whatever is written later", async () => {
    const store = await open();
    await store.write([{ key: bytes(97), value: bytes(1) }]);
    const snapshot = store.snapshot();
    await store.write([
      { key: bytes(97), value: undefined },
      { key: bytes(98), value: bytes(2) },
    ]);
    const entries: number[][] = [];
    for await (const [key, value] of snapshot.range(bytes(97), bytes(99))) entries.push([...key, ...value]);
    expect(entries).toEqual([[97, 1]]);
    expect(snapshot.get(bytes(97))).toEqual(bytes(1));
    expect(snapshot.get(bytes(98))).toBeUndefined();
    await snapshot.close();
    expect(store.get(bytes(97))).toBeUndefined();
    expect(await list(store, bytes(97), bytes(99))).toEqual([[98, 2]]);
    await store.close();
  });

  test("ranges ascend by bytes and exclude the end", async () => {
    const store = await open();
    const keys = [bytes(97, 255), bytes(97), bytes(97, 0), bytes(98), bytes(97, 128, 1), bytes(96, 255)];
    await store.write(keys.map((key) => ({ key, value: bytes(7) })));
    expect(await list(store, bytes(97), bytes(98))).toEqual([
      [97, 7],
      [97, 0, 7],
      [97, 128, 1, 7],
      [97, 255, 7],
    ]);
    await store.close();
  });

  test("hands out bytes of its own", async () => {
    const store = await open();
    const value = bytes(1, 2);
    await store.write([{ key: bytes(97), value }]);
    value[0] = 9;
    const read = store.get(bytes(97))!;
    read[1] = 9;
    expect([...store.get(bytes(97))!]).toEqual([1, 2]);
    await store.close();
  });

  test("says that it is closed", async () => {
    const store = await open();
    await store.close();
    await store.close();
    expect(() => store.get(bytes(97))).toThrow(expect.objectContaining({ code: "closed" }));
    await expect(store.write([])).rejects.toMatchObject({ code: "closed" });
  });
});

describe("LevelStore on disk", () => {
  test("keeps its entries when opened again", async () => {
    const first = await LevelStore.open(directory);
    await first.write([{ key: bytes(97), value: bytes(5) }]);
    await first.close();
    const second = await LevelStore.open(directory);
    expect([...second.get(bytes(97))!]).toEqual([5]);
    await second.close();
  });

  test("is locked while open", async () => {
    const store = await LevelStore.open(directory);
    await expect(LevelStore.open(directory)).rejects.toMatchObject({ code: "store-locked" });
    await store.close();
  });

  test("takes over the format without records", async () => {
    const raw = new ClassicLevel<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
    await raw.batch([
      { type: "put", key: bytes(0), value: bytes(1) },
      { type: "put", key: bytes(97), value: bytes(5) },
    ]);
    await raw.close();
    const store = await LevelStore.open(directory);
    expect([...store.get(bytes(97))!, ...store.get(bytes(0))!]).toEqual([5, 2]);
    await store.close();
  });

  test("refuses another format and another database", async () => {
    const raw = new ClassicLevel<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
    await raw.put(bytes(0), bytes(99));
    await raw.close();
    await expect(LevelStore.open(directory)).rejects.toMatchObject({
      code: "store-format",
      message: `${directory} holds on-disk format 99, this version reads 2: install a newer version`,
    });
    await raw.open();
    await raw.clear();
    await raw.put(bytes(97), bytes(1));
    await raw.close();
    await expect(LevelStore.open(directory)).rejects.toMatchObject({ code: "store-format" });
  });

  test("names damage", async () => {
    const store = await LevelStore.open(directory);
    await store.write([{ key: bytes(97), value: bytes(5) }]);
    await store.close();
    const manifest = (await readdir(directory)).find((name) => name.startsWith("MANIFEST"))!;
    await writeFile(join(directory, manifest), "garbage");
    await expect(LevelStore.open(directory)).rejects.toMatchObject({ code: "store-damaged" });
  });
});
