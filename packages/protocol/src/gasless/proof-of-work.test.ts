import { expect, test } from "vitest";
import { sealWork, unsealWork, WorkAttempts, type WorkSubject, workChallenge } from "./proof-of-work.ts";

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

const subject: WorkSubject = {
  chainId: 4_242n,
  sender: filled(20, 1),
  nonce: 7n,
  blockHash: filled(32, 2),
  signingHash: filled(32, 3),
};

/** The first counter that shows so much work. */
function mine(challenge: Uint8Array, work: number): bigint {
  const attempts = new WorkAttempts(challenge);
  let counter = 0n;
  while (attempts.work(counter) < work) counter++;
  return counter;
}

test("a proof is worth nothing for another chain, sender, nonce, block or payload", () => {
  const work = 4_096;
  const counter = mine(workChallenge(subject), work);
  expect(new WorkAttempts(workChallenge(subject)).work(counter)).toBeGreaterThanOrEqual(work);
  const others: Partial<WorkSubject>[] = [
    { chainId: 4_243n },
    { sender: filled(20, 9) },
    { nonce: 8n },
    { blockHash: filled(32, 9) },
    { signingHash: filled(32, 9) },
  ];
  for (const other of others) {
    expect(new WorkAttempts(workChallenge({ ...subject, ...other })).work(counter)).toBeLessThan(work);
  }
});

test("shown work is what attempts take on average", () => {
  const attempts = new WorkAttempts(workChallenge(subject));
  let found = 0;
  for (let counter = 0n; counter < 20_000n; counter++) if (attempts.work(counter) >= 100) found++;
  expect(found).toBeGreaterThan(150);
  expect(found).toBeLessThan(250);
});

test("the envelope gives back transaction and proof, and other bytes as they are", () => {
  const raw = Uint8Array.of(2, 0xc0, 1);
  const proof = { blockHash: filled(32, 5), counter: 2n ** 63n + 1n };
  expect(unsealWork(sealWork(raw, proof))).toEqual({ raw, proof });
  expect(unsealWork(raw)).toEqual({ raw, proof: undefined });
  const short = filled(40, 0x70);
  expect(unsealWork(short)).toEqual({ raw: short, proof: undefined });
});
