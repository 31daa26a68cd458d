import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SegmentLog } from "../log/segment-log.ts";
import { FileSlotJournal, slotHeight } from "./slot-journal.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slot-journal-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const start = (): FileSlotJournal =>
  FileSlotJournal.open(diskFolder(folder), (error) => {
    throw error;
  });
const flushed = (journal: FileSlotJournal): Promise<void> => new Promise((resolve) => journal.flush(resolve));
const [one, two]: HexHash[] = [`0x${"01".repeat(32)}`, `0x${"02".repeat(32)}`];

/** Locks so many slots of each height. */
async function fill(journal: FileSlotJournal, heights: number, slots: number): Promise<void> {
  for (let height = 1; height <= heights; height++) {
    for (let seat = 0; seat < slots; seat++) journal.lock(`0.0.${height}.ack.${seat}`, one!);
    if (height % 20 === 0) await flushed(journal);
  }
}

test("refuses a second value, also after reopening", async () => {
  let journal = start();
  expect(journal.lock("0.0.5.proposal", one!)).toBe(true);
  expect(journal.lock("0.0.5.proposal", one!)).toBe(true);
  expect(journal.lock("0.0.5.proposal", two!)).toBe(false);
  expect(journal.lock("0.1.5.proposal", two!)).toBe(true);
  expect(journal.lock("0.0.5.aux.0.3", "0x02")).toBe(true);
  expect(journal.lock("0.5.final", one!)).toBe(true);
  await flushed(journal);
  await journal.close();
  journal = start();
  expect(journal.size).toBe(4);
  expect(journal.lock("0.0.5.proposal", two!)).toBe(false);
  expect(journal.lock("0.0.5.aux.0.3", "0x01")).toBe(false);
  expect(journal.lock("0.5.final", two!)).toBe(false);
  expect(journal.lock("0.0.5.proposal", one!)).toBe(true);
  await journal.close();
});

test("keeps every kind of record over a restart", async () => {
  let journal = start();
  journal.begin(3);
  journal.confirm(2);
  expect(journal.lock("0.0.5.proposal", one!)).toBe(true);
  await flushed(journal);
  await journal.close();
  journal = start();
  expect([journal.session, journal.confirmed]).toEqual([3, 2]);
  expect(journal.lock("0.0.5.proposal", two!)).toBe(false);
  await journal.close();
});

test("stays bounded in memory and on disk, and closes what it forgets", async () => {
  let journal = start();
  await fill(journal, 3_000, 64);
  expect(journal.size).toBe(64 * 64);
  expect(journal.lock("0.0.1.ack.0", two!)).toBe(false);
  expect(journal.lock("0.0.1.ack.0", one!)).toBe(false);
  expect(journal.lock("0.0.3000.ack.0", two!)).toBe(false);
  await journal.close();
  expect(readdirSync(folder).length).toBe(1);
  journal = start();
  expect(journal.lock("0.0.1.ack.0", two!)).toBe(false);
  expect(journal.lock("0.0.2999.ack.63", two!)).toBe(false);
  expect(journal.lock("0.0.2999.ack.63", one!)).toBe(true);
  await journal.close();
});

test("what a large committee must keep is not written anew at each lock", async () => {
  const journal = start();
  await fill(journal, 200, 300);
  expect(journal.size).toBe(64 * 300);
  await journal.close();
  // Named by how often the journal was written anew.
  expect(readdirSync(folder).map((name) => Number.parseInt(name, 10))).toEqual([2]);
});

test("what is written at the end of a silence counts as what is kept: the next lock does not write it anew", async () => {
  const journal = start();
  await fill(journal, 10, 1_500);
  journal.silence(1);
  journal.remember(0);
  expect(journal.size).toBe(15_000);
  expect(journal.lock("0.0.11.ack.0", one!)).toBe(true);
  await flushed(journal);
  await journal.close();
  const written = readdirSync(folder).map((name) => [Number.parseInt(name, 10), statSync(join(folder, name)).size]);
  expect(written).toEqual([[1, expect.toSatisfy((bytes: number) => bytes > 1024 * 1024)]]);
});

test("reads the height of both kinds of slots and takes nothing else", () => {
  expect([slotHeight("0.3.77.conf.2.15"), slotHeight("4.9.final"), slotHeight("0.0.12.order")]).toEqual([77, 9, 12]);
  for (const bad of ["", "5", "0.5", "a.0.1.order", "0.0.x.order", "0.0.1."])
    expect(() => slotHeight(bad)).toThrow(RangeError);
});

test("a kind of record that a newer version wrote is no damage: the journal is refused as such, and left as it is", async () => {
  const log = SegmentLog.open(diskFolder(folder), (error) => {
    throw error;
  });
  log.append(Uint8Array.of(5, 0, 0, 0));
  await log.close();
  const before = readFileSync(join(folder, readdirSync(folder)[0]!));
  expect(start).toThrow(
    expect.objectContaining({ code: "log-format", message: expect.stringContaining("install a newer version") }),
  );
  expect(readFileSync(join(folder, readdirSync(folder)[0]!))).toEqual(before);
});
