import { expect, test } from "vitest";
import type { Job } from "../job.ts";
import { JobQueue } from "./job-queue.ts";

const SIGNER = "0x00000000000000000000000000000000000000aa";
const FUNDER = "0x00000000000000000000000000000000000000ff";

const free = (): number => Number.POSITIVE_INFINITY;

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
  const order = queue.take(SIGNER, 100, false, free).map(({ id }) => id);
  expect(order).toEqual(["b", "d", "again, too", "again", "a", "c", "e"]);
  expect(queue.size).toBe(0);
});

test("a pinned job is for its signer, and a funder takes nothing else", () => {
  const queue = new JobQueue();
  for (const each of [job("free"), job("top-up", 0, FUNDER), job("free, too")]) queue.add(each);
  expect(queue.take(FUNDER, 10, true, free).map(({ id }) => id)).toEqual(["top-up"]);
  expect(queue.take(SIGNER, 1, false, free).map(({ id }) => id)).toEqual(["free"]);
  expect(queue.size).toBe(1);
});

test("routes take turns, and one that may have no more waits", () => {
  const queue = new JobQueue();
  for (const id of ["a1", "a2", "a3", "a4"]) queue.add({ ...job(id), route: "a" });
  for (const id of ["b1", "b2"]) queue.add({ ...job(id), route: "b" });
  const take = (limit: number, room = free as (route: string) => number) =>
    queue.take(SIGNER, limit, false, room).map(({ id }) => id);
  expect(take(3)).toEqual(["a1", "b1", "a2"]);
  expect(take(1)).toEqual(["b2"]);
  queue.add({ ...job("b3"), route: "b" });
  const full = (route: string): number => (route === "a" ? 1 : 0);
  expect(take(5, full)).toEqual(["a3"]);
  expect([queue.hasWork(full), queue.hasWork(() => 0), queue.waiting("a"), queue.size]).toEqual([true, false, 1, 2]);
});
