import type { HexHash } from "@tributary/protocol/consensus/types";
import { expect, test } from "vitest";
import { CheckpointBook } from "./checkpoint-book.ts";

const hash = (n: number): HexHash => `0x${n.toString(16).padStart(64, "0")}`;
const at = (number: number, value = number): { number: number; hash: HexHash } => ({ number, hash: hash(value) });

test("knows what it saw, waits for what is to come, and tells a conflict", () => {
  const book = new CheckpointBook();
  expect(book.check(at(1))).toBe("unknown");
  book.advance([10, 11, 12, 13, 14, 15].map((n) => at(n)));
  book.advance([at(12, 99), at(16)]);
  expect(book.checkpoints()).toEqual([13, 14, 15, 16].map((n) => at(n)));
  expect([book.check(at(12)), book.check(at(12, 99)), book.check(at(17)), book.check(at(9))]).toEqual([
    "known",
    "conflict",
    "unknown",
    "known",
  ]);
});

test("names a block in proposals once the mainchain still answered when others had time to look", () => {
  const book = new CheckpointBook(undefined, 2);
  book.advance([at(1)]);
  book.answered();
  // The mainchain may have stopped right after this node's look.
  expect([book.checkpoints(), book.check(at(1))]).toEqual([[], "known"]);
  book.advance([at(2), at(3)]);
  book.answered();
  expect(book.checkpoints()).toEqual([at(1)]);
  book.answered();
  expect(book.checkpoints()).toEqual([at(1), at(2), at(3)]);
  book.advance([at(4)]);
  book.retreat(3);
  expect(book.checkpoints()).toEqual([at(1), at(2), at(3)]);
});

test("asks for a block that was passed over", async () => {
  const asked: number[] = [];
  const book = new CheckpointBook(async (number) => {
    asked.push(number);
    return number === 12 ? undefined : hash(number);
  });
  book.advance([at(10), at(20)]);
  expect([book.check(at(11)), book.check(at(11)), book.check(at(12))]).toEqual(["unknown", "unknown", "unknown"]);
  await new Promise((resolve) => setImmediate(resolve));
  expect([book.check(at(11)), book.check(at(11, 5)), book.check(at(12))]).toEqual(["known", "unknown", "unknown"]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(book.check(at(11, 5))).toBe("conflict");
  expect(asked).toEqual([11, 12, 11, 12]);
  expect(book.checkpoints()).toEqual([at(10), at(11), at(20)]);
});

test("takes either word of a mainchain that went back behind what it had finalised, and no third", () => {
  const book = new CheckpointBook();
  book.advance([at(1), at(2), at(4)]);
  book.retreat(1);
  expect(book.checkpoints()).toEqual([at(1)]);
  // Block 3 was passed over before the mainchain went back: no own word of then stands against another member's.
  expect([2, 3, 4, 5].map((n) => book.check(at(n)))).toEqual(["known", "known", "known", "unknown"]);
  expect(book.check(at(2, 22))).toBe("unknown");
  book.advance([at(2, 22)]);
  expect([book.check(at(2)), book.check(at(2, 22)), book.check(at(2, 33))]).toEqual(["known", "known", "conflict"]);
});

test("stands back where others may have seen more of a mainchain that went back", () => {
  const book = new CheckpointBook();
  book.advance([at(1), at(2)]);
  book.retreat(1, 4);
  book.advance([at(2, 22), at(3, 33), at(4, 44), at(5, 55)]);
  expect([3, 4, 5].map((n) => book.check(at(n)))).toEqual(["known", "known", "conflict"]);
  expect(book.check(at(2, 7))).toBe("conflict");
});

test("asks the mainchain again before it contradicts an order: its own word may be the stale one", async () => {
  const now = new Map([[7, hash(7)]]);
  const book = new CheckpointBook(async (number) => now.get(number));
  book.advance([at(6), at(7)]);
  now.set(7, hash(77));
  expect(book.check(at(7, 77))).toBe("unknown");
  await new Promise((resolve) => setImmediate(resolve));
  expect(book.check(at(7, 77))).toBe("unknown");
  book.retreat(6);
  book.advance([at(7, 77)]);
  expect([book.check(at(7, 77)), book.check(at(7))]).toEqual(["known", "known"]);
  expect(book.check(at(7, 5))).toBe("unknown");
  await new Promise((resolve) => setImmediate(resolve));
  expect(book.check(at(7, 5))).toBe("conflict");
});

test("announced rules are known with how far the mainchain was read, and go with the blocks that held them", () => {
  const book = new CheckpointBook();
  const group = hash(7);
  expect(book.forks(group)).toEqual({ entries: [], through: 0 });
  book.fork(group, 2, 1_000, 10);
  book.forkCancelled(group, 2, 12);
  book.fork(group, 2, 2_000, 14);
  book.fork(hash(8), 3, 1_000, 10);
  book.advance([{ number: 15, hash: hash(15) }]);
  const first = { rules: 2, time: 1_000, block: 10, cancelled: 12 };
  const second = { rules: 2, time: 2_000, block: 14, cancelled: undefined };
  expect(book.forks(group)).toEqual({ entries: [first, second], through: 15 });
  book.retreat(13);
  // It was read that far once: who went on by it need not wait for a mainchain that is behind now.
  expect(book.forks(group)).toEqual({ entries: [first], through: 15 });
  book.retreat(11);
  expect(book.forks(group).entries).toEqual([{ ...first, cancelled: undefined }]);
  book.fork(group, 2, 2_000, 14);
  book.fork(group, 2, 2_000, 14);
  expect(book.forks(group).entries).toHaveLength(2);
});
