import { expect, test } from "vitest";
import type { MemberContext } from "./member-context.ts";
import type { PoolEntry } from "./ports.ts";
import { ProposalBuilder } from "./proposal-builder.ts";

const entry: PoolEntry = {
  hash: "0xaa",
  sender: "0xbb",
  raw: new Uint8Array(100),
  sealed: new Uint8Array(100),
  gas: 21_000,
  age: 0,
  lane: "history",
};

/** Four members, whose pools hold one transaction that is everybody's turn. */
function builder(): ProposalBuilder {
  const context = {
    ports: { executor: { committed: 4 }, pool: { executable: () => [entry] } },
    config: { containerGas: 30_000_000, members: 4 },
    limits: { members: 4, containerBytes: 1_000_000 },
    quorum: 3,
  };
  const made = new ProposalBuilder(context as unknown as MemberContext);
  made.eligibility(({ hash }) => (made.offered(hash) ? undefined : 0));
  return made;
}

test("what another member proposes counts as offered until its height is decided, and as on its way once accepted", () => {
  const made = builder();
  made.offer(5, [entry.hash]);
  made.offer(6, ["0xcc"]);
  expect(made.offered(entry.hash)).toBe(true);
  expect(made.inFlight(entry.hash)).toBe(false);
  made.ordered(5, [entry.hash]);
  expect(made.offered(entry.hash)).toBe(false);
  expect(made.inFlight(entry.hash)).toBe(true);
  expect(made.offered("0xcc")).toBe(true);
});

test("what another member proposed in vain is free again", () => {
  const made = builder();
  made.offer(5, [entry.hash]);
  expect(made.select(6).hashes).toEqual([]);
  made.ordered(5, []);
  expect(made.select(6).hashes).toEqual([entry.hash]);
});
