import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Job } from "../job.ts";
import { openDatabase } from "./database.ts";
import { SqliteStore } from "./sqlite-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "authority-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SIGNER = "0x00000000000000000000000000000000000000aa";
const HASH = `0x${"11".repeat(32)}` as const;

const job: Job = {
  id: "id",
  idempotencyKey: "key",
  fingerprint: HASH,
  owner: "game",
  route: "play",
  priority: -3,
  deadline: 1_900_000_000_000,
  call: { to: SIGNER, data: "0x1234", value: 2n ** 255n, gas: 100_000n },
  state: "queued",
  createdAt: 1,
  updatedAt: 1,
};

test("reads back what was written, after the file was closed", async () => {
  const path = join(folder, "jobs.db");
  const store = await SqliteStore.open(path);
  store.insertJob(job);
  const receipt = {
    hash: HASH,
    status: "success",
    blockNumber: 7,
    blockHash: HASH,
    gasUsed: 2n ** 60n,
    logs: [{ address: SIGNER, topics: [HASH], data: "0x" }],
  } as const;
  const mined: Job = { ...job, state: "mined", signer: SIGNER, nonce: 5, receipt, updatedAt: 2 };
  store.updateJob(mined);
  const attempt = { hash: HASH, kind: "job", raw: "0x02", maxFee: 2n ** 200n, tip: 1n, createdAt: 3 } as const;
  const slot = {
    signer: SIGNER,
    nonce: 5,
    jobId: "id",
    sinceBlock: 6,
    settled: undefined,
    attempts: [attempt],
  } as const;
  store.putSlot(slot);
  store.insertAttempt(SIGNER, 5, attempt);
  store.close();
  const again = await SqliteStore.open(path);
  expect(again.jobByKey("key")).toEqual(mined);
  expect(again.openJobs()).toEqual([mined]);
  expect(again.openSlots()).toEqual([slot]);
  again.putSlot(slot, true);
  again.updateJob({ ...mined, state: "final" });
  expect([again.openJobs(), again.openSlots()]).toEqual([[], []]);
  expect(again.slot(SIGNER, 5)?.attempts).toEqual([attempt]);
  again.close();
});

test("writes all of a transaction or nothing", async () => {
  const store = await SqliteStore.open(join(folder, "jobs.db"));
  store.insertJob(job);
  expect(() =>
    store.together(() => {
      store.setMeta("name", "value");
      store.insertJob({ ...job, id: "other" });
    }),
  ).toThrow(/UNIQUE/);
  expect(store.meta("name")).toBeUndefined();
  expect(store.jobById("other")).toBeUndefined();
  store.setMeta("name", "later");
  expect(store.meta("name")).toBe("later");
  store.close();
});

test("a file belongs to one at a time", async () => {
  const path = join(folder, "jobs.db");
  const store = await SqliteStore.open(path);
  await expect(SqliteStore.open(path)).rejects.toMatchObject({ code: "STORE_IN_USE" });
  store.close();
  (await SqliteStore.open(path)).close();
});

test("a file of a newer version is left alone", async () => {
  const path = join(folder, "jobs.db");
  const database = await openDatabase(path);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await expect(SqliteStore.open(path)).rejects.toMatchObject({ code: "STORE_NEWER" });
});
