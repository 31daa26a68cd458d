import type { Offence } from "@tributary/protocol/evidence/evidence";
import { expect, test } from "vitest";
import { EvidenceIndex } from "./evidence-index.ts";

const group = `0x${"00".repeat(32)}` as const;

function offence(seat: number, height: number, epoch = 1): Offence {
  return { kind: "ack", group, era: 1, epoch, height, seat };
}

function fill(index: EvidenceIndex, seat: number, epoch: number): number {
  let kept = 0;
  for (let height = 1; height <= 10_000 && index.wants(offence(seat, height, epoch)); height++) {
    index.add(offence(seat, height, epoch));
    kept++;
  }
  return kept;
}

test("one of a kind for each member and height", () => {
  const index = new EvidenceIndex();
  index.add(offence(1, 7));
  expect(index.wants(offence(1, 7))).toBe(false);
  for (const other of [offence(2, 7), offence(1, 8), offence(1, 7, 2), { ...offence(1, 7), kind: "aux" as const }]) {
    expect(index.wants(other)).toBe(true);
  }
});

test("a member fills its part only, and all together no more than there is room for", () => {
  const index = new EvidenceIndex();
  for (let seat = 0; seat < 64; seat++) expect(fill(index, seat, 1)).toBe(64);
  expect(index.size).toBe(4_096);
  expect(fill(index, 0, 2)).toBe(0);
});
