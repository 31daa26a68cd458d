import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { TermName } from "../consensus/term-name.ts";
import { Departure, owesAfter, type Standing } from "./departure.ts";

const MINUTE = 60_000;
const last: TermName = { era: 1, epoch: 2 };
const next: TermName = { era: 1, epoch: 3 };

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "departure-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A node whose pool, place and clock the test moves. */
class Leaver {
  lastSeat: TermName | undefined = last;
  standing: Standing = { term: next, cleared: true, height: 100, linked: true };
  hashes: `0x${string}`[] = [];
  now = 0;
  readonly said: string[] = [];
  readonly departure: Departure;

  constructor() {
    const say = (_: unknown, message?: string): void => {
      this.said.push(String(message));
    };
    this.departure = new Departure({
      folder,
      lastSeat: () => this.lastSeat,
      standing: () => this.standing,
      pool: {
        poolStatus: () => ({ pending: this.hashes.length, queued: 0, bytes: 0 }),
        waiting: (count) => this.hashes.slice(0, count),
      },
      now: () => this.now,
      logger: { info: say, warn: say },
    });
  }

  /** Time and heights go by. */
  async later(milliseconds: number, heights: number): Promise<void> {
    this.now += milliseconds;
    this.standing = { ...this.standing, height: this.standing.height + heights };
    await this.departure.look();
  }
}

test("who has a seat owes nothing, and notes nothing", async () => {
  const node = new Leaver();
  node.lastSeat = undefined;
  node.hashes = ["0x01"];
  await node.later(MINUTE, 60);
  expect(node.departure.owed).toBeUndefined();
  expect(node.said).toEqual([]);
  expect(owesAfter(folder, last)).toBe(true);
});

test("keys go first, then what waits: only then has the node left, and a restart knows it", async () => {
  const node = new Leaver();
  node.hashes = ["0x01", "0x02"];
  node.standing = { ...node.standing, term: last };
  await node.later(1_000, 1);
  expect(node.departure.owed).toEqual({ transactions: 2, hashes: ["0x01", "0x02"], keys: true, linked: true });
  node.standing = { ...node.standing, term: next, cleared: false };
  await node.later(1_000, 1);
  expect(node.departure.owed?.keys).toBe(true);
  node.standing = { ...node.standing, cleared: true };
  await node.later(1_000, 1);
  expect(node.departure.owed).toMatchObject({ transactions: 2, keys: false });
  node.hashes = [];
  expect(node.departure.settled(last)).toBe(false);
  expect(owesAfter(folder, last)).toBe(true);
  await node.later(1_000, 1);
  expect(node.departure.owed).toBeUndefined();
  expect(node.departure.settled(last)).toBe(true);
  expect(owesAfter(folder, last)).toBe(false);
});

test("an empty pool does not do where the keys are not erased yet", async () => {
  const node = new Leaver();
  node.standing = { ...node.standing, cleared: false };
  await node.later(60 * MINUTE, 1_000);
  expect(node.departure.settled(last)).toBe(false);
  expect(owesAfter(folder, last)).toBe(true);
});

test("what a chain that goes on does not take in is given up, and tried again by the next start", async () => {
  const node = new Leaver();
  node.hashes = ["0x01", "0x02"];
  await node.later(0, 0);
  await node.later(11 * MINUTE, 59);
  expect(node.departure.settled(last)).toBe(false);
  // One of them was mined: there may be more to come.
  node.hashes = ["0x02"];
  await node.later(MINUTE, 10);
  await node.later(9 * MINUTE, 100);
  expect(node.departure.settled(last)).toBe(false);
  await node.later(MINUTE, 10);
  expect(node.departure.settled(last)).toBe(true);
  expect(node.said.at(-1)).toContain("stays in the folder");
  expect(node.departure.owed).toMatchObject({ transactions: 1, hashes: ["0x02"], keys: false });
  expect(owesAfter(folder, last)).toBe(true);
});

test("time in which nobody can be reached does not count", async () => {
  const node = new Leaver();
  node.hashes = ["0x01"];
  node.standing = { ...node.standing, linked: false };
  await node.later(0, 0);
  await node.later(600 * MINUTE, 0);
  node.standing = { ...node.standing, linked: true };
  await node.later(9 * MINUTE, 200);
  expect(node.departure.settled(last)).toBe(false);
});

test("who comes back and leaves again has everything to do again", async () => {
  const node = new Leaver();
  await node.later(0, 0);
  const again = { era: 1, epoch: 7 };
  expect(owesAfter(folder, last)).toBe(false);
  expect(owesAfter(folder, again)).toBe(true);
  node.lastSeat = again;
  expect(node.departure.settled(again)).toBe(false);
  await node.later(0, 0);
  expect(node.departure.settled(again)).toBe(false);
  node.standing = { ...node.standing, term: { era: 2, epoch: 1 } };
  await node.later(0, 0);
  expect(owesAfter(folder, again)).toBe(false);
});

test("where there is no folder there is nothing to do; a damaged note is none", () => {
  expect(owesAfter(join(folder, "none"), last)).toBe(false);
  writeFileSync(join(folder, "left.json"), '{"era":1,"epoch":');
  expect(owesAfter(folder, last)).toBe(true);
});
