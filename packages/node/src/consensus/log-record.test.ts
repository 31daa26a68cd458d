import type { Base } from "@tributary/protocol/consensus/types";
import { expect, test } from "vitest";
import { genesisContainer } from "./genesis-container.ts";
import { decodeLogRecord, encodeLogRecord, type LogRecord } from "./log-record.ts";

const hash = (byte: string): `0x${string}` => `0x${byte.repeat(32)}`;
const base: Base = {
  members: 4,
  seat: 3,
  group: hash("11"),
  era: 1,
  epoch: 2,
  firstHeight: 1,
  ordered: 7,
  orderDigest: hash("22"),
  previousDigest: hash("33"),
  accepted: 0b1011n,
  final: 6,
};
const header = genesisContainer(
  {
    chainId: 9n,
    group: hash("11"),
    era: 1,
    epoch: 2,
    groupPublicKey: `0x${"ab".repeat(48)}`,
    committee: hash("44"),
    genesis: {
      chainId: 9n,
      name: "x",
      owner: `0x${"00".repeat(20)}`,
      timestamp: 1000,
      gasLimit: 1,
      byteLimit: 1,
      allocation: [],
    },
  },
  hash("55"),
  1,
);

const records: readonly LogRecord[] = [
  { kind: "base", base },
  { kind: "message", from: 2, message: Uint8Array.of(9, 8, 7) },
  { kind: "work", pending: true },
  { kind: "work", pending: false },
  { kind: "coin", height: 2 ** 40, seat: 15, round: 700, bit: 1 },
  { kind: "executed", header },
  { kind: "timer", timer: { kind: "resync", height: 12 } },
  { kind: "border", first: 2 ** 33 },
  { kind: "freeze", opening: hash("77") },
  { kind: "thaw" },
];

test("records of the log come back as they were", () => {
  for (const record of records) expect(decodeLogRecord(encodeLogRecord(record))).toEqual(record);
});

test("what is no record is refused", () => {
  expect(decodeLogRecord(new Uint8Array(0))).toBeUndefined();
  expect(decodeLogRecord(Uint8Array.of(77, 1, 2))).toBeUndefined();
  for (const record of records) {
    if (record.kind === "message") continue;
    const bytes = encodeLogRecord(record);
    expect(decodeLogRecord(bytes.subarray(0, bytes.length - 1))).toBeUndefined();
    expect(decodeLogRecord(Uint8Array.of(...bytes, 0))).toBeUndefined();
  }
});
