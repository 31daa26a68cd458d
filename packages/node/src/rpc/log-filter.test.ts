import { expect, test } from "vitest";
import { matches, parseLogQuery } from "./log-filter.ts";

const address = `0x${"11".repeat(20)}`;
const topic = (byte: string): string => `0x${byte.repeat(32)}`;
const bytes = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte);

test("reads ranges, addresses and topics", () => {
  const parsed = parseLogQuery({
    fromBlock: "0x1",
    toBlock: "latest",
    address,
    topics: [null, [topic("aa"), topic("bb")]],
  });
  expect(parsed).toEqual({
    value: {
      range: { kind: "range", from: 1, to: "latest" },
      addresses: [bytes(0x11, 20)],
      topics: [[], [bytes(0xaa, 32), bytes(0xbb, 32)]],
    },
  });
});

test("null among alternatives matches everything", () => {
  expect(parseLogQuery({ topics: [[topic("aa"), null]] })).toMatchObject({ value: { topics: [[]] } });
});

test.each([
  ["x", "want a filter object, got string"],
  [[], "want a filter object, got array"],
  [{ fromBlock: "soon" }, "fromBlock: hex string without 0x prefix"],
  [
    { blockHash: topic("aa"), fromBlock: "0x1" },
    "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other",
  ],
  [{ address: "0x12" }, "address 0: hex string has length 2, want 40"],
  [{ topics: {} }, "topics: want an array, got object"],
  [{ topics: [null, null, null, null, null] }, "topics: at most 4 positions"],
  [{ topics: [["0x"]] }, "topics 0: hex string has length 0, want 64"],
  [{ address: new Array(1001).fill(address) }, "address: at most 1000 addresses"],
])("refuses %j", (value, reason) => {
  expect(parseLogQuery(value)).toEqual({ reason });
});

test("matching is by position, with alternatives", () => {
  const log = { address: bytes(0x11, 20), topics: [bytes(1, 32), bytes(2, 32)], data: bytes(0, 0) };
  const all = { addresses: [], topics: [] };
  expect(matches(log, all)).toBe(true);
  expect(matches(log, { ...all, addresses: [bytes(0x12, 20)] })).toBe(false);
  expect(matches(log, { ...all, addresses: [bytes(0x12, 20), bytes(0x11, 20)] })).toBe(true);
  expect(matches(log, { ...all, topics: [[], [bytes(3, 32), bytes(2, 32)]] })).toBe(true);
  expect(matches(log, { ...all, topics: [[bytes(2, 32)]] })).toBe(false);
  expect(matches(log, { ...all, topics: [[], [], []] })).toBe(false);
});
