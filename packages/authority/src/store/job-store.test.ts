import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Job } from "../job.ts";
import { insertAttempt, insertJob, putMeta, putSigner, putSlot, updateJob } from "./changes.ts";
import { openDatabase } from "./database.ts";
import { sql, Unexpected } from "./engine.ts";
import { JobStore } from "./job-store.ts";
import { prune } from "./prune.ts";
import { FIRST_TABLES } from "./schema.ts";

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
  const store = await JobStore.open(path);
  const signer = { address: SIGNER, role: "worker", state: "active", nextNonce: 6 } as const;
  const spending = { window: 3, wei: 2n ** 100n };
  await store.write([insertJob(job, ""), putSigner({ ...signer, spending }, "")]);
  const receipt = {
    hash: HASH,
    status: "success",
    blockNumber: 7,
    blockHash: HASH,
    gasUsed: 2n ** 40n,
    logs: [{ address: SIGNER, topics: [HASH], data: "0x" }],
  } as const;
  const mined: Job = { ...job, state: "mined", signer: SIGNER, nonce: 5, receipt, updatedAt: 2 };
  const attempt = { hash: HASH, kind: "job", raw: "0x02", maxFee: 2n ** 200n, tip: 1n, createdAt: 3 } as const;
  const slot = {
    signer: SIGNER,
    nonce: 5,
    jobId: "id",
    sinceBlock: 6,
    settled: undefined,
    attempts: [attempt],
  } as const;
  await store.write([updateJob(mined), putSlot(slot), insertAttempt(SIGNER, 5, attempt)]);
  await store.close();
  const again = await JobStore.open(path);
  expect(await again.jobByKey("key")).toEqual(mined);
  expect([await again.openJobs(), await again.openSlots()]).toEqual([[mined], [slot]]);
  expect(await again.signers()).toEqual([{ ...signer, spending }]);
  expect([await again.gasSince(1, "game"), await again.gasSince(2, "game")]).toEqual([2n ** 40n, 0n]);
  expect(await again.gasSince(1, "shop")).toBe(0n);
  await again.write([putSlot(slot, true), updateJob({ ...mined, state: "final" })]);
  expect([await again.openJobs(), await again.openSlots()]).toEqual([[], []]);
  expect((await again.slot(SIGNER, 5))?.attempts).toEqual([attempt]);
  await again.close();
});

test("writes all of a transaction or nothing; a key that is taken keeps its job", async () => {
  const store = await JobStore.open(join(folder, "jobs.db"));
  expect(await store.write([insertJob(job, ""), insertJob({ ...job, id: "other" }, "")])).toEqual([1, 0]);
  expect((await store.jobByKey("key"))?.id).toBe("id");
  const late = { ...sql("UPDATE jobs SET route = '' WHERE id = 'nobody'"), expect: 1 };
  await expect(store.write([putMeta("name", "value"), late])).rejects.toThrow(Unexpected);
  expect(await store.meta("name")).toBeUndefined();
  await store.write([putMeta("name", "later")]);
  expect(await store.meta("name")).toBe("later");
  await store.close();
});

test("forgets what was done long ago, and nothing that is open", async () => {
  const store = await JobStore.open(":memory:");
  const done: Job = { ...job, state: "final", updatedAt: 10 };
  const attempt = { hash: HASH, kind: "job", raw: "0x02", maxFee: 1n, tip: 1n, createdAt: 10 } as const;
  const slot = { signer: SIGNER, nonce: 5, jobId: "id", sinceBlock: 6, settled: undefined, attempts: [] } as const;
  await store.write([
    insertJob(done, ""),
    insertJob({ ...job, id: "open", idempotencyKey: "open" }, ""),
    putSlot(slot, true),
    insertAttempt(SIGNER, 5, attempt),
    putSlot({ ...slot, nonce: 6 }),
  ]);
  expect(await prune(store, 10)).toBe(false);
  expect([(await store.jobById("id"))?.id, (await store.slot(SIGNER, 5))?.nonce]).toEqual(["id", 5]);
  expect(await prune(store, 11)).toBe(false);
  expect([await store.jobById("id"), await store.slot(SIGNER, 5)]).toEqual([undefined, undefined]);
  expect([(await store.jobById("open"))?.id, (await store.slot(SIGNER, 6))?.nonce]).toEqual(["open", 6]);
  expect(await store.write([insertJob(done, "")])).toEqual([1]);
  await store.close();
});

test("a file of version 1 is brought to this one, with what it holds", async () => {
  const path = join(folder, "jobs.db");
  const database = await openDatabase(path);
  database.exec(FIRST_TABLES);
  database.exec(`PRAGMA user_version = 1;
    INSERT INTO signers (address, role, state, next_nonce) VALUES ('${SIGNER}', 'worker', 'active', 7);`);
  database.close();
  const store = await JobStore.open(path);
  const spending = { window: 0, wei: 0n };
  expect(await store.signers()).toEqual([{ address: SIGNER, role: "worker", state: "active", nextNonce: 7, spending }]);
  await store.close();
});

test("a file belongs to one at a time", async () => {
  const path = join(folder, "jobs.db");
  const store = await JobStore.open(path);
  await expect(JobStore.open(path)).rejects.toMatchObject({ code: "STORE_IN_USE" });
  await store.close();
  await (await JobStore.open(path)).close();
});

test("a file of a newer version is left alone", async () => {
  const path = join(folder, "jobs.db");
  const database = await openDatabase(path);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await expect(JobStore.open(path)).rejects.toMatchObject({ code: "STORE_NEWER" });
});
