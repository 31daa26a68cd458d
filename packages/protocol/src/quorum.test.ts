import { expect, test } from "vitest";
import { MAX_MEMBERS, maxFaulty, oneHonest, quorum } from "./quorum.ts";

test("the quorum is floor(2N/3)+1 and two quorums overlap in an honest member", () => {
  for (let n = 1; n <= MAX_MEMBERS; n++) {
    expect(quorum(n)).toBe(Math.floor((2 * n) / 3) + 1);
    expect(2 * quorum(n) - n).toBeGreaterThan(maxFaulty(n));
    expect(oneHonest(n)).toBe(maxFaulty(n) + 1);
  }
});

test("the table of the specification", () => {
  const f = { 1: 0, 2: 0, 3: 0, 4: 1, 5: 1, 6: 1, 7: 2, 9: 2, 10: 3, 16: 5, 21: 6, 22: 7, 64: 21 };
  for (const [n, faulty] of Object.entries(f)) expect(maxFaulty(Number(n))).toBe(faulty);
});
