import type { VoteRecord } from "@tributary/protocol/consensus/types";
import { expect, test } from "vitest";
import { contradictingVotes, type SeenVote } from "./evidence.ts";

let serial = 0;

function vote(...records: VoteRecord[]): SeenVote {
  serial += 1;
  const slot = { group: `0x${"00".repeat(32)}`, era: 1, epoch: 1, height: 5 } as const;
  return {
    message: { kind: "vote", ...slot, seat: 1, signature: new Uint8Array(65), records },
    bytes: Uint8Array.of(serial),
  };
}

const aux = (round: number, zeros: bigint, ones: bigint): VoteRecord => ({ kind: "aux", round, zeros, ones });

test("two values of one seat in one round are a pair", () => {
  const first = vote(aux(0, 0b01n, 0b10n));
  const second = vote(aux(1, 0b11n, 0n), aux(0, 0b10n, 0n));
  expect(contradictingVotes("aux", [first, second])).toEqual([first.bytes, second.bytes]);
  const both = vote(aux(2, 0b1n, 0b1n));
  expect(contradictingVotes("aux", [both])).toEqual([both.bytes, both.bytes]);
});

test("repeats, other rounds, spread records and EST are lawful", () => {
  const est = (zeros: bigint, ones: bigint): VoteRecord => ({ kind: "est", round: 0, zeros, ones });
  const seen = [
    vote(aux(0, 0b01n, 0b10n), est(0b11n, 0n)),
    vote(aux(0, 0b01n, 0b10n)),
    vote(aux(0, 0b100n, 0n)),
    vote(aux(1, 0b10n, 0b01n), est(0n, 0b11n)),
  ];
  for (const fault of ["aux", "conf", "done"] as const) expect(contradictingVotes(fault, seen)).toBeUndefined();
});

test("CONF sets contradict when they differ", () => {
  const conf = (zeros: bigint, ones: bigint): VoteRecord => ({ kind: "conf", round: 2, zeros, ones });
  const both = vote(conf(0b1n, 0b1n));
  const one = vote(conf(0n, 0b1n));
  expect(contradictingVotes("conf", [both, vote(conf(0b1n, 0b1n))])).toBeUndefined();
  expect(contradictingVotes("conf", [both, one])).toEqual([both.bytes, one.bytes]);
});
