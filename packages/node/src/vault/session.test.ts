import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import type { KeySlot } from "@tributary/protocol/ports/key-vault";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileVault } from "./file-vault.ts";
import { beginSession } from "./session.ts";
import { FileSlotJournal } from "./slot-journal.ts";

const slot: KeySlot = { group: `0x${"07".repeat(32)}`, era: 0, epoch: 0 };
const password = new TextEncoder().encode("a password");
let root = "";
let vault: FileVault;
let warnings: string[] = [];
const logger = { warn: (text: string) => warnings.push(text) } as unknown as Parameters<typeof beginSession>[4];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "session-"));
  vault = await FileVault.create(join(root, "keystore.json"), password);
  warnings = [];
});
afterEach(() => rmSync(root, { recursive: true }));

/** A start of a member: its journal, after the session began. */
async function begin(members = 4, served = 0): Promise<FileSlotJournal> {
  const journal = FileSlotJournal.open(diskFolder(join(root, "journal")), (error) => {
    throw error;
  });
  const spec = { ...slot, seat: 2, members: Array.from({ length: members }) } as unknown as Parameters<
    typeof beginSession
  >[0];
  await beginSession(spec, vault, journal, served, logger);
  return journal;
}

async function run(members = 4, served = 0): Promise<void> {
  await (await begin(members, served)).close();
}

const lose = (): void => rmSync(join(root, "journal"), { recursive: true });

test("a journal that goes on is not silent, whoever wrote the vault last", async () => {
  for (const expected of [1, 2]) {
    const journal = await begin();
    expect([journal.silent, journal.session]).toEqual([false, expected]);
    expect(journal.lock("0.0.1.proposal", "0x01")).toBe(true);
    await journal.close();
  }
  vault = await FileVault.open(join(root, "keystore.json"), password);
  expect(vault.sessions(slot, 2)).toBe(2);
  // A crash between the two writes leaves the journal ahead.
  await vault.keepSessions(slot, 2, 1);
  const journal = await begin();
  expect([journal.silent, journal.session]).toEqual([false, 3]);
  await journal.close();
  expect(warnings).toEqual([]);
});

test("a lost journal refuses every slot until it is told what is safe, also after another start", async () => {
  await run();
  lose();
  await run();
  let journal = await begin();
  expect(warnings).toHaveLength(2);
  expect([journal.silent, journal.closed(1_000)]).toEqual([true, true]);
  expect(journal.lock("0.0.1000.proposal", "0x01")).toBe(false);
  journal.remember(7);
  expect([journal.silent, journal.closed(7), journal.closed(8)]).toEqual([false, true, false]);
  expect(journal.lock("0.0.7.proposal", "0x01")).toBe(false);
  expect(journal.lock("0.0.8.proposal", "0x01")).toBe(true);
  await new Promise<void>((done) => journal.flush(done));
  await journal.close();
  journal = await begin();
  expect([journal.silent, journal.closed(7), journal.session]).toEqual([false, true, 2]);
  expect(journal.lock("0.0.8.proposal", "0x02")).toBe(false);
  await journal.close();
});

test("an old copy of the journal is as good as none", async () => {
  await run();
  cpSync(join(root, "journal"), join(root, "copy"), { recursive: true });
  await run();
  lose();
  cpSync(join(root, "copy"), join(root, "journal"), { recursive: true });
  const journal = await begin();
  expect(journal.silent).toBe(true);
  await journal.close();
});

test("a member that is alone goes on from what it served, and refuses where that is gone", async () => {
  await run(1);
  lose();
  await expect(run(1, 0)).rejects.toMatchObject({ code: "journal-missing" });
  const journal = await begin(1, 12);
  expect([journal.silent, journal.closed(12), journal.closed(13)]).toEqual([false, true, false]);
  await journal.close();
});
