import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterEach, expect, test } from "vitest";
import { levelDamage } from "./level-damage.ts";
import { LevelStore } from "./level-store.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A database whose log spans several blocks; the path of the log. */
async function written(): Promise<[string, string]> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-level-"));
  folders.push(folder);
  const database = new ClassicLevel(folder);
  await database.open();
  for (let i = 0; i < 60; i++) await database.batch([{ type: "put", key: `k${i}`, value: "v".repeat(3_000 + i) }]);
  await database.close();
  return [folder, join(folder, readdirSync(folder).find((file) => file.endsWith(".log")) ?? "")];
}

function overwrite(path: string, at: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(8, 0xee), 0, 8, at);
  closeSync(file);
}

test("a sound log and one with a torn end are in order", async () => {
  const [folder, log] = await written();
  expect(levelDamage(folder)).toBeUndefined();
  const size = readFileSync(log).length;
  for (const cut of [1, 100, 5_000, 40_000]) {
    truncateSync(log, size - cut);
    expect(levelDamage(folder)).toBeUndefined();
  }
  overwrite(log, size - 40_100);
  expect(levelDamage(folder)).toBeUndefined();
});

test("damage before the end is named with file and place, wherever it lies", async () => {
  for (const at of [0, 3, 10, 32_760, 90_000, 150_000]) {
    const [folder, log] = await written();
    overwrite(log, at);
    expect(levelDamage(folder)).toMatch(new RegExp(`${log} is damaged at offset \\d+`));
  }
});

test("a folder that has lost its CURRENT is refused and left as it is", async () => {
  const [folder] = await written();
  rmSync(join(folder, "CURRENT"));
  const before = readdirSync(folder).sort();
  await expect(LevelStore.open(folder)).rejects.toMatchObject({ code: "store-damaged" });
  expect(readdirSync(folder).sort()).toEqual(before);
});

test("a database whose making was cut short is made again; one that was written to is never new", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-level-"));
  folders.push(folder);
  for (const left of ["LOCK", "MANIFEST-000001"]) closeSync(openSync(join(folder, left), "w"));
  const store = await LevelStore.open(folder);
  await store.close();
  expect(readdirSync(folder)).not.toContain("MANIFEST-000001");
  rmSync(join(folder, "CURRENT"));
  await expect(LevelStore.open(folder)).rejects.toMatchObject({ code: "store-damaged" });
});
