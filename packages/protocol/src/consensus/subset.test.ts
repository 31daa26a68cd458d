import { expect, test } from "vitest";
import { Subset, type SubsetOutput } from "./subset.ts";
import type { VoteRecord } from "./types.ts";

// N = 4, f = 1, q = 3; the member under test has seat 0.
const all = 0b1111n;

function opened(firstCoins = all): Subset {
  const subset = new Subset(4, 0);
  subset.open(firstCoins);
  return subset;
}

const est = (zeros: bigint, ones: bigint): VoteRecord => ({ kind: "est", round: 0, zeros, ones });
const done = (zeros: bigint, ones: bigint): VoteRecord => ({ kind: "done", round: 0, zeros, ones });
const votes = (output: readonly SubsetOutput[]) => output.flatMap((one) => (one.kind === "vote" ? one.records : []));
const graces = (output: readonly SubsetOutput[]) => output.flatMap((one) => (one.kind === "grace" ? [one.for] : []));

function decideThree(subset: Subset): readonly SubsetOutput[] {
  for (let seat = 0; seat < 3; seat++) subset.certify(seat);
  subset.take();
  for (const from of [1, 2]) subset.vote(from, [done(0n, 0b0111n)]);
  return subset.take();
}

test("ones are held back until q certificates and those of the height before are there, or the grace ends", () => {
  const subset = opened();
  for (const seat of [0, 1]) subset.certify(seat);
  expect(subset.take()).toEqual([]);
  subset.certify(2);
  expect(subset.take()).toEqual([{ kind: "grace", for: "ones" }]);
  subset.certify(3);
  expect(votes(subset.take())).toEqual([est(0n, 0b1111n)]);

  const without = opened(0b0111n);
  for (const seat of [0, 1, 2]) without.certify(seat);
  expect(votes(without.take())).toEqual([est(0n, 0b0111n)]);
  without.certify(3);
  expect(votes(without.take())).toEqual([est(0n, 0b1000n)]);

  const late = opened();
  for (const seat of [0, 1, 2]) late.certify(seat);
  late.take();
  late.releaseOnes();
  expect(votes(late.take())).toEqual([est(0n, 0b0111n)]);
});

test("JOIN: f+1 EST(0,1) make a member without the certificate input 1", () => {
  const subset = opened();
  subset.vote(1, [est(0n, 0b1000n)]);
  expect(subset.round(3)).toBe(-1);
  subset.vote(2, [est(0n, 0b1000n)]);
  expect(subset.round(3)).toBe(0);
  expect(subset.supporters(3)).toBe(0b0111n);
});

test("f+1 EST(0,0) make nobody input", () => {
  const subset = opened();
  for (const from of [1, 2]) subset.vote(from, [est(0b1000n, 0n)]);
  expect(subset.round(3)).toBe(-1);
});

test("zeros wait for q ones and a grace; a seat left out at the height before gets none", () => {
  const patient = opened();
  for (let seat = 0; seat < 3; seat++) patient.certify(seat);
  patient.take();
  patient.releaseZeros();
  expect(patient.round(3)).toBe(-1);
  patient.take();

  const graceful = opened();
  expect(graces(decideThree(graceful))).toEqual(["zeros"]);
  expect(graceful.round(3)).toBe(-1);
  graceful.releaseZeros();
  expect(graceful.round(3)).toBe(0);

  const swift = opened(0b0111n);
  expect(graces(decideThree(swift))).toEqual([]);
  expect(swift.round(3)).toBe(0);
});

test("a late member gives its zeros although q seats were decided before it opened", () => {
  const subset = new Subset(4, 0);
  for (const from of [1, 2]) subset.vote(from, [done(0n, 0b0111n)]);
  expect(subset.take()).toEqual([]);
  subset.open(0b0111n);
  expect([0, 1, 2, 3].map((seat) => subset.decision(seat))).toEqual([1, 1, 1, undefined]);
  expect(subset.round(3)).toBe(0);
});

test("it is complete when every seat is decided", () => {
  const subset = opened();
  decideThree(subset);
  expect(subset.complete).toBe(false);
  for (const from of [1, 2]) subset.vote(from, [done(0b1000n, 0n)]);
  expect(subset.complete).toBe(true);
  expect(subset.decision(3)).toBe(0);
});

test("a contradiction names its sender", () => {
  const subset = opened();
  subset.vote(2, [done(0b0001n, 0n), done(0n, 0b0001n)]);
  expect(subset.take()).toContainEqual({ kind: "contradiction", vote: "done", from: 2 });
});
