import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import type { HexHash, ProposalHeader } from "../consensus/types.ts";
import {
  ackDigest,
  availableDigest,
  coinBit,
  coinDigest,
  decideDigest,
  finalDigest,
  finalMessageDigest,
  genesisOrderDigest,
  orderDigest,
  voteDigest,
} from "./digests.ts";
import { proposalDigest, toProposal } from "./proposal-header.ts";

const word = (byte: number): HexHash => toHex(new Uint8Array(32).fill(byte));
const slot = { group: word(1), era: 2, epoch: 3, height: 4 };
const header: ProposalHeader = {
  version: 1,
  ...slot,
  seat: 1,
  anchor: word(2),
  time: 1_700_000_000_000,
  checkpoints: [{ number: 32, hash: word(3) }],
  bodyHash: word(4),
  bodyBytes: 10,
  txCount: 1,
  gas: 21_000,
};
const share = new Uint8Array(96);

/** Digests of one slot and of the same with each of its names changed: all different. */
function distinct(of: (at: typeof slot) => Uint8Array | HexHash): Set<string> {
  const slots = [slot, { ...slot, group: word(9) }, { ...slot, era: 9 }, { ...slot, epoch: 9 }, { ...slot, height: 9 }];
  return new Set(
    slots.map((at) => {
      const value = of(at);
      return typeof value === "string" ? value : toHex(value);
    }),
  );
}

test("every digest covers group, era, epoch and height, and no two kinds share one", () => {
  const all = [
    (at: typeof slot) => proposalDigest({ ...header, ...at }),
    (at: typeof slot) => ackDigest({ ...at, seat: 0, proposer: 0, digest: word(5), share }),
    (at: typeof slot) => voteDigest({ ...at, seat: 0, records: [{ kind: "est", round: 0, zeros: 0n, ones: 1n }] }),
    (at: typeof slot) => decideDigest({ ...at, seat: 0, digest: word(5), share }),
    (at: typeof slot) => finalMessageDigest({ ...at, seat: 0, hash: word(5), share }),
    (at: typeof slot) => availableDigest(at, word(5)),
    (at: typeof slot) => coinDigest(at, 0, 2),
    (at: typeof slot) => orderDigest(at, word(5), []),
    (at: typeof slot) => genesisOrderDigest(at, word(5), new Uint8Array(48), word(6)),
    (at: typeof slot) => finalDigest(at, word(5)),
  ].map(distinct);
  for (const set of all) expect(set.size).toBe(5);
  expect(new Set(all.flatMap((set) => [...set])).size).toBe(50);
});

test("node signatures cover the share and every field of the message", () => {
  const base = { ...slot, seat: 0, proposer: 0, digest: word(5), share };
  const other = new Uint8Array(96).fill(1);
  const variants = [base, { ...base, seat: 1 }, { ...base, proposer: 1 }, { ...base, digest: word(6) }];
  expect(new Set([...variants, { ...base, share: other }].map((value) => toHex(ackDigest(value)))).size).toBe(5);
});

test("p changes with each field of the header", () => {
  const variants: ProposalHeader[] = [
    header,
    { ...header, version: 2 },
    { ...header, seat: 2 },
    { ...header, anchor: word(7) },
    { ...header, time: 1 },
    { ...header, checkpoints: [] },
    { ...header, checkpoints: [{ number: 0, hash: word(0) }] },
    { ...header, checkpoints: [{ number: 33, hash: word(3) }] },
    { ...header, bodyHash: word(7) },
    { ...header, bodyBytes: 11 },
    { ...header, txCount: 2 },
    { ...header, gas: 21_001 },
  ];
  expect(new Set(variants.map((value) => toHex(proposalDigest(value)))).size).toBe(variants.length);
});

test("the order covers predecessor, seats and proposals; coins differ by seat and round", () => {
  const accepted = [
    { seat: 0, proposal: toProposal(header) },
    { seat: 2, proposal: toProposal({ ...header, seat: 2 }) },
  ];
  const digests = [
    orderDigest(slot, word(1), accepted),
    orderDigest(slot, word(2), accepted),
    orderDigest(slot, word(1), accepted.slice(1)),
    orderDigest(slot, word(1), accepted.slice(0, 1)),
    orderDigest(slot, word(1), []),
  ];
  expect(new Set(digests).size).toBe(digests.length);
  expect(new Set([coinDigest(slot, 1, 2), coinDigest(slot, 2, 1), coinDigest(slot, 1, 3)].map(toHex)).size).toBe(3);
});

test("coin bits come out both ways", () => {
  const bits = new Set(Array.from({ length: 32 }, (_, i) => coinBit(new Uint8Array(96).fill(i))));
  expect([...bits].sort()).toEqual([0, 1]);
});
