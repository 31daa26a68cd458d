import fc from "fast-check";
import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import type { HexHash } from "../consensus/types.ts";
import { containerHash, decodeContainerHeader, encodeContainerHeader } from "./codec.ts";
import {
  bodyRoot,
  decodeContainerBody,
  encodeContainerBody,
  segmentBranch,
  segmentsRoot,
  verifySegment,
} from "./container-body.ts";
import type { ContainerHeader, OrderedTransaction } from "./header.ts";
import { merkleBranch, merkleRoot, verifyMerkleBranch } from "./merkle.ts";
import { countTransactions, decodeProposalBody, encodeProposalBody } from "./proposal-body.ts";

const word = (byte: number): HexHash => toHex(new Uint8Array(32).fill(byte));
const raw = fc.uint8Array({ minLength: 1, maxLength: 40 });
const proposalBody = fc
  .uniqueArray(
    fc.record({
      chainId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      transactions: fc.array(raw, { minLength: 1, maxLength: 5 }),
    }),
    { maxLength: 4, selector: ({ chainId }) => chainId },
  )
  .map((sections) => sections.toSorted((a, b) => (a.chainId < b.chainId ? -1 : 1)));
const containerBody = fc.record({
  accepted: fc.uniqueArray(
    fc.record({ seat: fc.nat(63), digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex) }),
    { maxLength: 8, selector: ({ seat }) => seat },
  ),
  transactions: fc.array(
    fc.record({ raw, mark: fc.constantFrom<OrderedTransaction["mark"]>("executed", "skipped", "left-out") }),
    { maxLength: 8 },
  ),
});

test("bodies: decode inverts encode; cut, long and flipped ones are refused or canonical", () => {
  fc.assert(
    fc.property(proposalBody, containerBody, fc.nat(), (proposal, container, place) => {
      const codecs = [
        { bytes: encodeProposalBody(proposal), value: proposal, decode: decodeProposalBody },
        { bytes: encodeContainerBody(container), value: container, decode: decodeContainerBody },
      ];
      for (const { bytes, value, decode } of codecs) {
        expect(decode(bytes)).toEqual(value);
        expect(decode(bytes.subarray(0, place % bytes.length))).toBeUndefined();
        expect(decode(Uint8Array.of(...bytes, 0))).toBeUndefined();
      }
      const flipped = encodeProposalBody(proposal);
      flipped[place % flipped.length] = (flipped[place % flipped.length] ?? 0) ^ 1;
      const read = decodeProposalBody(flipped);
      if (read !== undefined) expect(toHex(encodeProposalBody(read))).toBe(toHex(flipped));
    }),
  );
});

test("random bytes never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const proposal = decodeProposalBody(bytes);
      if (proposal !== undefined) expect(encodeProposalBody(proposal)).toEqual(bytes);
      const container = decodeContainerBody(bytes);
      if (container !== undefined) expect(encodeContainerBody(container)).toEqual(bytes);
    }),
    { numRuns: 2000 },
  );
});

test("an empty section, unsorted sections and an empty transaction are refused", () => {
  const one = Uint8Array.of(1);
  expect(countTransactions([{ chainId: 1n, transactions: [one, one] }])).toBe(2);
  for (const body of [
    [{ chainId: 1n, transactions: [] }],
    [{ chainId: 1n, transactions: [new Uint8Array(0)] }],
    [
      { chainId: 2n, transactions: [one] },
      { chainId: 1n, transactions: [one] },
    ],
    [
      { chainId: 2n, transactions: [one] },
      { chainId: 2n, transactions: [one] },
    ],
  ]) {
    expect(decodeProposalBody(encodeProposalBody(body))).toBeUndefined();
  }
});

test("the body root changes with seat, rank, proposal, transaction and mark", () => {
  const a = { seat: 1, digest: word(1) };
  const b = { seat: 2, digest: word(2) };
  const tx = (byte: number, mark: OrderedTransaction["mark"] = "executed") => ({ raw: Uint8Array.of(byte), mark });
  const bodies = [
    { accepted: [a, b], transactions: [tx(1), tx(2)] },
    { accepted: [b, a], transactions: [tx(1), tx(2)] },
    { accepted: [a], transactions: [tx(1), tx(2)] },
    { accepted: [a, { ...b, digest: word(3) }], transactions: [tx(1), tx(2)] },
    { accepted: [a, b], transactions: [tx(2), tx(1)] },
    { accepted: [a, b], transactions: [tx(1)] },
    { accepted: [a, b], transactions: [tx(1), tx(2, "skipped")] },
    { accepted: [], transactions: [] },
  ];
  expect(new Set(bodies.map(bodyRoot)).size).toBe(bodies.length);
});

test("a Merkle branch proves its own leaf at its own place only", () => {
  for (let count = 1; count <= 9; count++) {
    const leaves = Array.from({ length: count }, (_, i) => Uint8Array.of(i));
    const root = merkleRoot(leaves);
    for (const [index, leaf] of leaves.entries()) {
      const branch = merkleBranch(leaves, index);
      expect(verifyMerkleBranch(root, leaf, branch)).toBe(true);
      expect(verifyMerkleBranch(root, Uint8Array.of(99), branch)).toBe(false);
      expect(verifyMerkleBranch(root, leaf, { ...branch, count: count + 1 })).toBe(false);
      expect(verifyMerkleBranch(root, leaf, { ...branch, index: -1 })).toBe(false);
      expect(verifyMerkleBranch(root, leaf, { ...branch, siblings: [...branch.siblings, root] })).toBe(false);
      if (count > 1) expect(verifyMerkleBranch(root, leaf, { ...branch, index: (index + 1) % count })).toBe(false);
    }
  }
});

test("a segment is proven by its branch; the root needs ascending chains", () => {
  const segments = [1n, 5n, 9n].map((chainId) => ({ chainId, blockNumber: 7, blockHash: word(Number(chainId)) }));
  const root = segmentsRoot(segments);
  for (const [index, segment] of segments.entries()) {
    const branch = segmentBranch(segments, index);
    expect(verifySegment(root, segment, branch)).toBe(true);
    expect(verifySegment(root, { ...segment, blockNumber: 8 }, branch)).toBe(false);
  }
  expect(() => segmentsRoot(segments.toReversed())).toThrow(RangeError);
});

test("the container header has one encoding and its hash covers every field", () => {
  const header: ContainerHeader = {
    version: 1,
    rules: 2,
    group: word(1),
    era: 3,
    epoch: 4,
    height: 5,
    committee: word(2),
    parent: word(3),
    order: word(4),
    beacon: word(5),
    time: 1_700_000_000_123,
    mainchainNumber: 64,
    mainchainHash: word(6),
    bodyRoot: word(7),
    segmentsRoot: word(8),
  };
  const encoded = encodeContainerHeader(header);
  expect(decodeContainerHeader(encoded)).toEqual(header);
  expect(decodeContainerHeader(encoded.subarray(1))).toBeUndefined();
  expect(decodeContainerHeader(Uint8Array.of(...encoded, 0))).toBeUndefined();
  const hashes = new Set([containerHash(header)]);
  for (const key of Object.keys(header) as (keyof ContainerHeader)[]) {
    const other = typeof header[key] === "number" ? 99 : word(99);
    hashes.add(containerHash({ ...header, [key]: other }));
  }
  expect(hashes.size).toBe(1 + Object.keys(header).length);
});
