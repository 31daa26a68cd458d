import { expect, test } from "vitest";
import type { Job } from "../job.ts";
import { JobQueue } from "./job-queue.ts";

const SIGNER = "0x00000000000000000000000000000000000000aa";
const FUNDER = "0x00000000000000000000000000000000000000ff";

function job(id: string, priority = 0, pinned?: typeof SIGNER | typeof FUNDER): Job {
  const call = { data: "0x", value: 0n } as const;
  const base = {
    id,
    fingerprint: "0x",
    owner: "",
    route: "",
    priority,
    call,
    state: "queued",
    createdAt: 0,
    updatedAt: 0,
  } as const;
  return pinned === undefined ? base : { ...base, pinned };
}

test("higher priorities first, then the older; what comes back goes before its equals", () => {
  const queue = new JobQueue();
  for (const each of [job("a"), job("b", 5), job("c"), job("d", 5), job("e", -1)]) queue.add(each);
  queue.add(job("again"), true);
  queue.add(job("again, too"), true);
  const order = queue.take(SIGNER, 100, false).map(({ id }) => id);
  expect(order).toEqual(["b", "d", "again, too", "again", "a", "c", "e"]);
  expect(queue.size).toBe(0);
});

test("a pinned job is for its signer, and a funder takes nothing else", () => {
  const queue = new JobQueue();
  for (const each of [job("free"), job("top-up", 0, FUNDER), job("free, too")]) queue.add(each);
  expect(queue.take(FUNDER, 10, true).map(({ id }) => id)).toEqual(["top-up"]);
  expect(queue.take(SIGNER, 1, false).map(({ id }) => id)).toEqual(["free"]);
  expect(queue.size).toBe(1);
});
