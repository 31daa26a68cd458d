import { expect, test } from "vitest";
import { Room } from "./room.ts";

const sealed = new Uint8Array(100);

test("on a small chain, so many blocks' gas waits without history, however large the pool is", () => {
  const room = new Room({ count: 10_000, bytes: 10_000_000, blockGas: 210_000 });
  let entered = 0;
  for (; room.fits(sealed.length, "fresh"); entered++) room.enter({ sealed, room: "fresh", gas: 21_000 });
  expect(entered).toBe(640);
  expect([room.fits(sealed.length), room.fits(sealed.length, "history"), room.fits(sealed.length, "work")]).toEqual([
    true,
    true,
    true,
  ]);
  room.leave({ sealed, room: "fresh", gas: 21_000 });
  expect(room.fits(sealed.length, "fresh")).toBe(true);
});

test("on a large one, half of the pool", () => {
  const room = new Room({ count: 1_000, bytes: 10_000_000, blockGas: 30_000_000 });
  let entered = 0;
  for (; room.fits(sealed.length, "fresh"); entered++) room.enter({ sealed, room: "fresh", gas: 21_000 });
  expect(entered).toBe(500);
});
