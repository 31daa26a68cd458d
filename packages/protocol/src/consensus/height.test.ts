import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import { orderDigest } from "../wire/digests.ts";
import { toProposal } from "../wire/proposal-header.ts";
import { Height } from "./height.ts";
import type { HexHash, Proposal, VoteRecord } from "./types.ts";

// N = 4, f = 1, q = 3; the member under test has seat 0.
const word = (byte: number): HexHash => toHex(new Uint8Array(32).fill(byte));
const slot = { group: word(1), era: 1, epoch: 1 };
const base = { ...slot, members: 4, seat: 0 };
const done = (zeros: bigint, ones: bigint): VoteRecord => ({ kind: "done", round: 0, zeros, ones });

function proposalOf(seat: number, time = 0): Proposal {
  const rest = { checkpoints: [], bodyHash: word(3), bodyBytes: 0, txCount: 0, gas: 0 };
  return toProposal({ version: 1, ...slot, height: 5, seat, anchor: word(2), time, ...rest });
}

function opened(): Height {
  const height = new Height(base, 5);
  height.open(word(9), 0b1111n);
  return height;
}

test("D(h) is decided when all seats are and every accepted header is held", () => {
  const height = opened();
  for (const seat of [0, 1]) height.certify(proposalOf(seat));
  for (const from of [1, 2]) height.vote(from, [done(0b1000n, 0b0111n)]);
  const effects = height.take();
  expect(effects).toContainEqual({ kind: "fetch", height: 5, seat: 2, from: 0b1110n });
  expect(effects.some(({ kind }) => kind === "decide")).toBe(false);
  height.certify(proposalOf(2));
  const accepted = [0, 1, 2].map((seat) => ({ seat, proposal: proposalOf(seat) }));
  const digest = orderDigest({ ...slot, height: 5 }, word(9), accepted);
  expect(height.take()).toContainEqual({ kind: "decide", order: { height: 5, digest, previous: word(9), accepted } });
  height.certify(proposalOf(3));
  expect(height.take().some(({ kind }) => kind === "decide")).toBe(false);
});

test("a missing certificate is asked for again, of those that claim to hold it", () => {
  const height = opened();
  height.vote(3, [{ kind: "est", round: 0, zeros: 0n, ones: 0b0100n }]);
  for (const from of [1, 2]) height.vote(from, [done(0n, 0b0100n)]);
  const first = height.take();
  expect(first).toContainEqual({ kind: "fetch", height: 5, seat: 2, from: 0b1000n });
  expect(first).toContainEqual({ kind: "set-timer", timer: { kind: "resync", height: 5 }, milliseconds: 1000 });
  height.vote(1, [{ kind: "est", round: 0, zeros: 0n, ones: 0b0100n }]);
  height.take();
  height.timer("resync");
  expect(height.take()).toContainEqual({ kind: "fetch", height: 5, seat: 2, from: 0b1010n });
  height.certify(proposalOf(2));
  height.take();
  height.timer("resync");
  expect(height.take()).toEqual([]);
});

test("the certificate counts where it differs from the proposal seen, and the proposer is accused once", () => {
  const height = opened();
  height.propose(proposalOf(1, 1), word(2));
  height.certify(proposalOf(1, 2));
  height.propose(proposalOf(1, 3), word(2));
  expect(height.certificate(1)).toEqual(proposalOf(1, 2));
  const faults = height.take().filter(({ kind }) => kind === "evidence");
  expect(faults).toEqual([{ kind: "evidence", fault: "proposal", height: 5, from: 1 }]);
});

test("after its own decision a member goes on answering", () => {
  const height = opened();
  for (let seat = 0; seat < 4; seat++) height.certify(proposalOf(seat));
  for (const from of [1, 2]) height.vote(from, [done(0n, 0b1111n)]);
  expect(height.take().some(({ kind }) => kind === "decide")).toBe(true);
  for (const from of [1, 2]) height.vote(from, [{ kind: "est", round: 1, zeros: 0b0001n, ones: 0n }]);
  const records = height.take().flatMap((effect) => (effect.kind === "vote" ? effect.records : []));
  expect(records).toContainEqual({ kind: "est", round: 1, zeros: 0b0001n, ones: 0n });
});
