import { expect, test } from "vitest";
import { type AgreementOutput, BinaryAgreement, type Bit } from "./binary-agreement.ts";
import { ROUND_WINDOW } from "./parameters.ts";
import type { VoteKind } from "./types.ts";
import type { ValueSet } from "./vote-set.ts";

// N = 4, f = 1, q = 3; the member under test has seat 0.
const zero = 1;
const one = 2;
const both = 3;

function opened(firstCoin: Bit = 1): BinaryAgreement {
  const agreement = new BinaryAgreement(4, 0);
  agreement.open(firstCoin);
  return agreement;
}

const est = (round: number, values: ValueSet): AgreementOutput => ({ kind: "vote", vote: "est", round, values });
const aux = (round: number, values: ValueSet): AgreementOutput => ({ kind: "vote", vote: "aux", round, values });
const conf = (round: number, values: ValueSet): AgreementOutput => ({ kind: "vote", vote: "conf", round, values });
const done = (values: ValueSet): AgreementOutput => ({ kind: "vote", vote: "done", round: 0, values });

function say(agreement: BinaryAgreement, from: number[], kind: VoteKind, round: number, values: ValueSet) {
  for (const seat of from) agreement.vote(seat, kind, round, values);
  return agreement.take();
}

/** Through both public rounds without a decision: all members hold both values. */
function inRoundTwo(): BinaryAgreement {
  const agreement = opened();
  agreement.input(0);
  for (const round of [0, 1]) {
    say(agreement, [1, 2], "est", round, both);
    say(agreement, [1], "aux", round, zero);
    say(agreement, [2], "aux", round, one);
  }
  expect(agreement.round).toBe(2);
  agreement.take();
  return agreement;
}

test("EST is relayed at f+1, also before the own input and in later rounds, and accepted at q", () => {
  const agreement = opened();
  expect(say(agreement, [1], "est", 0, one)).toEqual([]);
  expect(say(agreement, [2], "est", 0, one)).toEqual([est(0, one)]);
  expect(say(agreement, [1], "est", 5, zero)).toEqual([]);
  expect(say(agreement, [3], "est", 5, zero)).toEqual([est(5, zero)]);
  expect(agreement.started).toBe(false);
  agreement.input(1);
  expect(agreement.take()).toEqual([aux(0, one)]);
});

test("one sender counts once for each value", () => {
  const agreement = opened();
  expect(say(agreement, [1, 1, 1], "est", 0, one)).toEqual([]);
});

test("q AUX of the coin's value decide, with DONE, and the next round waits for company", () => {
  const agreement = opened(1);
  agreement.input(1);
  expect(agreement.take()).toEqual([est(0, one)]);
  expect(say(agreement, [1, 2], "est", 0, one)).toEqual([aux(0, one)]);
  expect(say(agreement, [1], "aux", 0, one)).toEqual([]);
  expect(say(agreement, [2], "aux", 0, one)).toEqual([{ kind: "decided", value: 1 }, done(one)]);
  expect(agreement.round).toBe(0);
  expect(say(agreement, [3], "est", 1, one)).toEqual([est(1, one)]);
  expect(agreement.round).toBe(1);
});

test("the public coins are the first coin and its opposite", () => {
  const agreement = opened(0);
  agreement.input(1);
  say(agreement, [1, 2], "est", 0, one);
  expect(say(agreement, [1, 2], "aux", 0, one)).toEqual([est(1, one)]);
  say(agreement, [1, 2], "est", 1, one);
  expect(say(agreement, [1, 2], "aux", 1, one)).toEqual([{ kind: "decided", value: 1 }, done(one)]);
});

test("AUX values outside bin do not count", () => {
  const agreement = opened();
  agreement.input(1);
  say(agreement, [1, 2], "est", 0, one);
  expect(say(agreement, [1, 2], "aux", 0, zero)).toEqual([]);
  expect(agreement.round).toBe(0);
  say(agreement, [1, 2, 3], "est", 0, zero);
  expect(agreement.round).toBe(1);
});

test("both values leave the estimate to the coin", () => {
  const agreement = opened(0);
  agreement.input(1);
  say(agreement, [1, 2], "est", 0, both);
  const output = [...say(agreement, [1], "aux", 0, zero), ...say(agreement, [2], "aux", 0, one)];
  expect(output.filter(({ kind }) => kind === "decided")).toEqual([]);
  expect(output.at(-1)).toEqual(est(1, zero));
});

test("from round 2 CONF precedes the coin share, which waits for q sets inside bin", () => {
  const agreement = inRoundTwo();
  say(agreement, [1, 2], "est", 2, both);
  say(agreement, [1], "aux", 2, zero);
  expect(say(agreement, [2], "aux", 2, one)).toContainEqual(conf(2, both));
  expect(say(agreement, [1], "conf", 2, one)).toEqual([]);
  expect(say(agreement, [2], "conf", 2, both)).toEqual([{ kind: "coin", round: 2 }]);
  agreement.coin(2, 1);
  expect(agreement.take()).toEqual([est(3, one)]);
});

test("a coin that others opened first is kept, and the own share still goes out", () => {
  const agreement = inRoundTwo();
  agreement.coin(2, 0);
  expect(agreement.take()).toEqual([]);
  say(agreement, [1, 2], "est", 2, zero);
  say(agreement, [1, 2], "aux", 2, zero);
  const output = say(agreement, [1, 2], "conf", 2, zero);
  expect(output).toContainEqual({ kind: "coin", round: 2 });
  expect(output).toContainEqual({ kind: "decided", value: 0 });
});

test("coins of the public rounds cannot be replaced, nor a coin be given twice", () => {
  const agreement = opened(1);
  agreement.coin(0, 0);
  agreement.input(1);
  say(agreement, [1, 2], "est", 0, one);
  expect(say(agreement, [1, 2], "aux", 0, one)).toContainEqual({ kind: "decided", value: 1 });
});

test("f+1 DONE decide, also before the own input; f do not", () => {
  const agreement = opened();
  expect(say(agreement, [1], "done", 0, zero)).toEqual([]);
  expect(say(agreement, [2], "done", 0, one)).toEqual([]);
  expect(say(agreement, [3], "done", 0, zero)).toEqual([{ kind: "decided", value: 0 }, done(zero)]);
  expect(agreement.started).toBe(false);
  expect(agreement.decision).toBe(0);
});

test("a second AUX, CONF or DONE is a contradiction and does not count; a repeat is nothing", () => {
  const agreement = opened();
  for (const [kind, round] of [
    ["aux", 0],
    ["conf", 2],
    ["done", 0],
  ] as const) {
    expect(say(agreement, [1, 1], kind, round, zero)).toEqual([]);
    expect(say(agreement, [1], kind, round, one)).toEqual([{ kind: "contradiction", vote: kind, from: 1 }]);
  }
  expect(say(agreement, [2], "aux", 0, both)).toEqual([{ kind: "contradiction", vote: "aux", from: 2 }]);
  expect(say(agreement, [2], "conf", 2, both)).toEqual([]);
  expect(say(agreement, [1, 2], "est", 0, both)).toEqual([est(0, zero), est(0, one)]);
});

test("votes beyond the round window and in the own name are dropped", () => {
  const agreement = opened();
  expect(say(agreement, [1, 2], "est", ROUND_WINDOW + 1, one)).toEqual([]);
  expect(say(agreement, [1, 2], "est", ROUND_WINDOW, one)).toEqual([est(ROUND_WINDOW, one)]);
  expect(say(agreement, [0, 1], "est", 0, one)).toEqual([]);
});

test("votes heard before the opening take effect with it", () => {
  const agreement = new BinaryAgreement(4, 0);
  expect(say(agreement, [1, 2, 3], "est", 0, one)).toEqual([]);
  expect(say(agreement, [1, 2], "done", 0, one)).toEqual([]);
  agreement.open(1);
  expect(agreement.take()).toEqual([est(0, one), { kind: "decided", value: 1 }, done(one)]);
});

test("a single member decides its own input at once", () => {
  const agreement = new BinaryAgreement(1, 0);
  agreement.open(1);
  agreement.input(1);
  expect(agreement.take()).toEqual([est(0, one), aux(0, one), { kind: "decided", value: 1 }, done(one)]);
});
