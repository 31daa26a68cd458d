import { expect, test } from "vitest";
import { CHUNK_BYTES, FrameReader } from "./frame-codec.ts";
import { SendQueue } from "./send-queue.ts";

const room = { votes: 10_000_000, shares: 10_000_000, bodies: 10_000_000, snapshots: 10_000_000 };

test("a flooded group does not hold its neighbour back, chunk by chunk", () => {
  const queue = new SendQueue();
  queue.open(1, room);
  queue.open(2, room);
  for (let i = 0; i < 100; i++) queue.push(1, "votes", new Uint8Array(50_000));
  queue.push(2, "bodies", new Uint8Array(CHUNK_BYTES * 4));
  const order: number[] = [];
  const reader = new FrameReader();
  while (!queue.empty) {
    reader.push(queue.take(1), (frame) => {
      if (frame.kind === "data") order.push(frame.index);
      return true;
    });
  }
  const lastOfSecond = order.lastIndexOf(2);
  const floodBefore = order.slice(0, lastOfSecond).filter((index) => index === 1).length;
  expect(floodBefore).toBeLessThanOrEqual(12);
  expect(order.length).toBe(100 * Math.ceil(50_000 / CHUNK_BYTES) + 4);
});

test("keeps the order of a channel over thousands of messages and bounds each channel alone", () => {
  const queue = new SendQueue();
  queue.open(1, { votes: 4_000, shares: 4, bodies: 4, snapshots: 4 });
  for (let i = 0; i < 1_000; i++)
    expect(queue.push(1, "votes", new Uint8Array(new Uint32Array([i]).buffer))).toBe(true);
  expect(queue.push(1, "votes", new Uint8Array(4))).toBe(false);
  expect(queue.push(1, "shares", new Uint8Array(4))).toBe(true);
  expect(queue.push(9, "shares", new Uint8Array(4))).toBe(false);
  const seen: number[] = [];
  const reader = new FrameReader();
  while (!queue.empty) {
    reader.push(queue.take(100), (frame) => {
      if (frame.kind === "data" && frame.channel === 0) seen.push(Buffer.from(frame.chunk).readUInt32LE());
      return true;
    });
  }
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  expect(queue.push(1, "votes", new Uint8Array(4_000))).toBe(true);
});

test("frames survive any cut of the stream", () => {
  const queue = new SendQueue();
  queue.open(3, room);
  queue.push(
    3,
    "bodies",
    Uint8Array.from({ length: 40_000 }, (_, i) => i & 0xff),
  );
  const stream = queue.take(1_000_000);
  for (const step of [1, 7, 4_096, 16_383]) {
    const reader = new FrameReader();
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += step) {
      const fine = reader.push(stream.subarray(at, at + step), (frame) => {
        if (frame.kind === "data") chunks.push(new Uint8Array(frame.chunk));
        return true;
      });
      expect(fine).toBe(true);
    }
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(Uint8Array.from({ length: 40_000 }, (_, i) => i & 0xff)));
  }
});
