import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { Assembly, type Candidate } from "./assembly.ts";

function candidate(sender: string, nonce: number, gasLimit = 10, bytes = 10): Candidate {
  const raw = new Uint8Array(bytes);
  raw.set(new TextEncoder().encode(`${sender}${nonce} ${gasLimit}`).subarray(0, bytes));
  return { raw, hash: toHex(keccak256(raw)), sender, nonce: BigInt(nonce), gasLimit: BigInt(gasLimit) };
}

/** Executes all with `gasUsed` = gas limit; senders in `poor` cannot pay. */
function assemble(list: Candidate[], capacity = { gas: 1000n, bytes: 1000 }, poor: string[] = []): string[] {
  const nonces = new Map<string, bigint>();
  const assembly = new Assembly(list, capacity, (sender) => nonces.get(sender) ?? 0n);
  for (let next = assembly.next(); next !== undefined; next = assembly.next()) {
    if (poor.includes(next.sender)) assembly.settle("invalid");
    else {
      nonces.set(next.sender, next.nonce + 1n);
      assembly.settle({ gasUsed: next.gasLimit });
    }
  }
  const names = new Map(list.map((entry) => [entry.raw, `${entry.sender}${entry.nonce}`]));
  return assembly.transactions.map(({ raw, mark }) => `${names.get(raw)} ${mark}`);
}

test("equal transactions count once", () => {
  expect(assemble([candidate("a", 0), candidate("a", 0)])).toEqual(["a0 executed"]);
});

test("what is ahead waits for the gap to close, across bodies", () => {
  const list = [candidate("a", 2), candidate("b", 0), candidate("a", 1), candidate("a", 0), candidate("b", 1)];
  expect(assemble(list)).toEqual(["b0 executed", "a0 executed", "a1 executed", "a2 executed", "b1 executed"]);
});

test("a gap that stays open leaves the rest out, at the end", () => {
  expect(assemble([candidate("a", 1), candidate("b", 0)])).toEqual(["b0 executed", "a1 left-out"]);
});

test("a used nonce and a sender that cannot pay are skipped", () => {
  expect(assemble([candidate("a", 0), candidate("a", 0, 11)])).toEqual(["a0 executed", "a0 skipped"]);
  expect(assemble([candidate("p", 0), candidate("p", 1)], undefined, ["p"])).toEqual(["p0 skipped", "p1 left-out"]);
});

test("what does not fit the rest of gas or bytes is left out, smaller ones still fit", () => {
  const list = [candidate("a", 0, 60), candidate("b", 0, 60), candidate("c", 0, 40)];
  expect(assemble(list, { gas: 100n, bytes: 1000 })).toEqual(["a0 executed", "b0 left-out", "c0 executed"]);
  const long = [candidate("a", 0, 1, 60), candidate("b", 0, 1, 60), candidate("c", 0, 1, 40)];
  expect(assemble(long, { gas: 100n, bytes: 100 })).toEqual(["a0 executed", "b0 left-out", "c0 executed"]);
});
