import { expect, test } from "vitest";
import { MAX_VOTE_RECORDS } from "../wire/limits.ts";
import { Ballot } from "./ballot.ts";

test("votes of one kind and round share a record, in a fixed order", () => {
  const ballot = new Ballot();
  ballot.add("done", 0, 3, 2);
  ballot.add("est", 1, 0, 1);
  ballot.add("est", 0, 2, 2);
  ballot.add("est", 1, 0, 2);
  ballot.add("est", 1, 63, 1);
  expect(ballot.take()).toEqual([
    [
      { kind: "est", round: 0, zeros: 0n, ones: 4n },
      { kind: "est", round: 1, zeros: 1n | (1n << 63n), ones: 1n },
      { kind: "done", round: 0, zeros: 0n, ones: 8n },
    ],
  ]);
  expect(ballot.take()).toEqual([]);
});

test("what does not fit one message is split", () => {
  const ballot = new Ballot();
  for (let round = 0; round <= MAX_VOTE_RECORDS; round++) ballot.add("est", round, 0, 1);
  expect(ballot.take().map((piece) => piece.length)).toEqual([MAX_VOTE_RECORDS, 1]);
});
