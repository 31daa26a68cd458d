import type { Base } from "@tributary/protocol/consensus/types";
import { expect, test } from "vitest";
import { decodeLogRecord } from "./log-record.ts";
import { LogSegments } from "./log-segments.ts";
import type { InputLog } from "./ports.ts";

const hash = `0x${"11".repeat(32)}` as const;
const start: Base = {
  ...{ members: 4, seat: 1, group: hash, era: 0, epoch: 0, firstHeight: 1 },
  ...{ ordered: 0, orderDigest: hash, previousDigest: hash, accepted: 15n, final: 0 },
};

/** Segments in memory, each a list of records. */
class MemoryLog implements InputLog {
  kept: Uint8Array[][] = [];
  /** What each record is said to take. */
  recordBytes = 16 << 10;

  append(record: Uint8Array): void {
    this.kept.at(-1)?.push(record);
  }

  flush(done: () => void): void {
    done();
  }

  replay(): Iterable<Uint8Array> {
    return this.kept.flat();
  }

  rotate(base: Uint8Array): void {
    this.kept.push([base]);
  }

  prune(): void {
    this.kept = this.kept.slice(-1);
  }

  get bytes(): number {
    return this.recordBytes * (this.kept.at(-1)?.length ?? 0);
  }

  get segments(): number {
    return this.kept.length;
  }
}

/** The driver's order of things: a height is ordered some heights before it is committed. */
function run(log: MemoryLog, segments: LogSegments, heights: number, each: (height: number) => void): void {
  for (let height = 1; height <= heights; height++) {
    segments.ordered({ ordered: height + 2, orderDigest: hash, previousDigest: hash, accepted: 15n });
    log.append(Uint8Array.of(height));
    segments.committed(height, height);
    each(height);
  }
}

const baseOf = (segment: readonly Uint8Array[] | undefined): Base => {
  const record = decodeLogRecord(segment?.[0] ?? new Uint8Array());
  if (record?.kind !== "base") throw new Error("a segment begins with its base");
  return record.base;
};

test("what a start replays is bounded by heights, and an older segment stays while its heights may be open", () => {
  const log = new MemoryLog();
  const segments = new LogSegments(log, { first: undefined }, { record: undefined }, start);
  segments.begin();
  let most = 0;
  run(log, segments, 500, (height) => {
    most = Math.max(most, log.kept.flat().length);
    // What came before a base goes once finality is past it by the core's windows, not earlier and not later.
    const newest = baseOf(log.kept.at(-1));
    const open = newest.ordered > 0 && height < newest.ordered + 4;
    expect(log.kept.length).toBe(open ? 2 : 1);
  });
  expect(most).toBe(1 + (2 + 32) + 1 + (2 + 3));
  expect(baseOf(log.kept.at(-1))).toMatchObject({ era: 0, members: 4 });
});

test("bytes start a new segment, too, and it begins with the epoch's border and an opened Recovery", () => {
  const log = new MemoryLog();
  const opening = { kind: "freeze", opening: hash } as const;
  const segments = new LogSegments(log, { first: 90 }, { record: opening }, start);
  segments.begin();
  log.recordBytes = 2 << 20;
  run(log, segments, 3, () => undefined);
  expect(log.kept).toHaveLength(2);
  expect(baseOf(log.kept[1])).toMatchObject({ ordered: 5, final: 3 });
  expect(log.kept[1]?.slice(1).map(decodeLogRecord)).toEqual([{ kind: "border", first: 90 }, opening]);
});

test("a log that heights hardly fill stays as it is", () => {
  const log = new MemoryLog();
  const segments = new LogSegments(log, { first: undefined }, { record: undefined }, start);
  segments.begin();
  log.recordBytes = 1 << 10;
  run(log, segments, 126, () => expect(log.kept).toHaveLength(1));
});
