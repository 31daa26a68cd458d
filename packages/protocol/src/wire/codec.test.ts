import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import type { HexHash, ProposalHeader, VoteKind, VoteRecord } from "../consensus/types.ts";
import type { ContainerHeader } from "../container/header.ts";
import { decode, encode, MESSAGE_KINDS, maxFrameBytes, maxMessageBytes } from "./codec.ts";
import {
  type Limits,
  MAX_EVIDENCE_BYTES,
  MAX_FORWARDED,
  MAX_VOTE_RECORDS,
  maxBodyBytes,
  maxContainerBodyBytes,
} from "./limits.ts";
import type { Message } from "./messages.ts";
import { toProposal } from "./proposal-header.ts";

const limits: Limits = { members: 7, containerBytes: 4000 };

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hash: fc.Arbitrary<HexHash> = bytes(32).map(toHex);
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const safe = fc.maxSafeNat();
const seat = fc.integer({ min: 0, max: limits.members - 1 });
const seats = fc.bigInt({ min: 0n, max: (1n << BigInt(limits.members)) - 1n });
const slot = fc.record({ group: hash, era: u32, epoch: u32, height: safe });
const signature = bytes(65);
const bls = bytes(96);
const body = fc.uint8Array({ maxLength: maxBodyBytes(limits) });
const checkpoints = fc
  .uniqueArray(safe, { maxLength: 4 })
  .chain((numbers) =>
    fc.tuple(...numbers.toSorted((a, b) => a - b).map((number) => hash.map((value) => ({ number, hash: value })))),
  );
const fields = fc.record({
  version: u16,
  seat,
  anchor: hash,
  time: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  checkpoints,
  bodyHash: hash,
  bodyBytes: u32,
  txCount: u32,
  gas: safe,
});
const header: fc.Arbitrary<ProposalHeader> = fc.tuple(slot, fields).map(([at, rest]) => ({ ...at, ...rest }));
const envelope = fc.tuple(slot, seat, signature).map(([at, who, signed]) => ({ ...at, seat: who, signature: signed }));
const record: fc.Arbitrary<VoteRecord> = fc
  .record({ kind: fc.constantFrom<VoteKind>("est", "aux", "conf", "done"), round: u16, zeros: seats, ones: seats })
  .filter((value) => (value.zeros | value.ones) !== 0n)
  .map((value) => (value.kind === "done" ? { ...value, round: 0 } : value));
const containerHeader: fc.Arbitrary<ContainerHeader> = fc.record({
  version: u16,
  rules: u32,
  group: hash,
  era: u32,
  epoch: u32,
  height: safe,
  committee: hash,
  parent: hash,
  order: hash,
  beacon: hash,
  time: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  mainchainNumber: safe,
  mainchainHash: hash,
  bodyRoot: hash,
  segmentsRoot: hash,
});
const coinShares = fc
  .uniqueArray(fc.record({ seat, round: u16, share: bls }), {
    minLength: 1,
    maxLength: limits.members,
    selector: (share) => share.seat * 0x1_0000 + share.round,
  })
  .map((shares) => shares.toSorted((a, b) => a.seat - b.seat || a.round - b.round));
const order = fc
  .tuple(slot, fc.uniqueArray(fields, { maxLength: limits.members, selector: (value) => value.seat }), hash, bls)
  .map(([at, list, previous, certificate]): Message => {
    const ascending = list.toSorted((a, b) => a.seat - b.seat);
    const accepted = ascending.map((rest) => ({ seat: rest.seat, proposal: toProposal({ ...at, ...rest }) }));
    return { kind: "order", ...at, previous, accepted, certificate };
  });
const held = fc.record({ proposals: seats, certificates: seats });

const kind = <K extends Message["kind"]>(value: K): fc.Arbitrary<K> => fc.constant(value);
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: kind("proposal"), header, body, signature }),
  fc
    .tuple(envelope, fc.record({ kind: kind("ack"), proposer: seat, digest: hash, share: bls }))
    .map(([a, b]) => ({ ...a, ...b })),
  fc.record({ kind: kind("certificate"), header, signature, certificate: bls }),
  fc
    .tuple(
      envelope,
      fc.record({ kind: kind("vote"), records: fc.array(record, { minLength: 1, maxLength: MAX_VOTE_RECORDS }) }),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  fc.record({ kind: kind("coin"), era: u32, epoch: u32, height: safe, shares: coinShares }),
  fc.tuple(envelope, fc.record({ kind: kind("decide"), digest: hash, share: bls })).map(([a, b]) => ({ ...a, ...b })),
  order,
  fc.tuple(envelope, fc.record({ kind: kind("final"), hash, share: bls })).map(([a, b]) => ({ ...a, ...b })),
  fc.record({ kind: kind("container"), header: containerHeader, certificateEra: u32, certificate: bls, body }),
  fc.record({
    kind: kind("status"),
    era: u32,
    epoch: u32,
    ordered: safe,
    final: safe,
    held: fc.tuple(held, held),
    rounds: fc.array(u16, { minLength: limits.members, maxLength: limits.members }),
  }),
  fc.record({ kind: kind("get-certificate"), height: safe, seat }),
  fc.record({ kind: kind("get-body"), height: safe, digest: hash, offset: u32, length: u32 }),
  fc.record({ kind: kind("body"), height: safe, digest: hash, offset: u32, bytes: body }),
  fc.record({ kind: kind("get-order"), height: safe }),
  fc.record({ kind: kind("get-container"), height: safe, count: fc.integer({ min: 1, max: 256 }) }),
  fc.record({ kind: kind("repeat"), height: safe }),
  fc.record({
    kind: kind("forward"),
    transactions: fc.array(fc.record({ age: u16, raw: fc.uint8Array({ maxLength: 40 }) }), {
      minLength: 1,
      maxLength: 10,
    }),
  }),
  fc.record({
    kind: kind("finality"),
    epoch: u32,
    height: safe,
    hash,
    certificateEra: u32,
    certificate: bls,
  }),
  fc.record({ kind: kind("evidence"), evidence: fc.uint8Array({ maxLength: 40 }) }),
);

/** Whatever decodes must be the one encoding of what it decoded to. */
function checkCanonical(input: Uint8Array): void {
  const decoded = decode(input, limits);
  if (decoded === undefined) return;
  expect(toHex(encode(decoded))).toBe(toHex(input));
  expect(input.length).toBeLessThanOrEqual(maxMessageBytes(decoded.kind, limits));
}

describe("message codec", () => {
  test("decode inverts encode, for every kind and within its size", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(message, (value) => {
        seen.add(value.kind);
        const encoded = encode(value);
        expect(encoded.length).toBeLessThanOrEqual(maxMessageBytes(value.kind, limits));
        expect(decode(encoded, limits)).toEqual(value);
      }),
      { numRuns: 600 },
    );
    expect(seen.size).toBe(MESSAGE_KINDS.length);
  });

  test("truncated, prolonged and flipped messages are refused or canonical", () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(), (value, cut, flip) => {
        const encoded = encode(value);
        const shorter = encoded.subarray(0, cut % encoded.length);
        // A STATUS holds as many rounds as its sender's committee has seats.
        if (value.kind === "status") checkCanonical(shorter);
        else expect(decode(shorter, limits)).toBeUndefined();
        const longer = new Uint8Array(encoded.length + 1);
        longer.set(encoded);
        expect(decode(longer, limits)).toBeUndefined();
        const flipped = encoded.slice();
        const at = flip % (8 * flipped.length);
        flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
        checkCanonical(flipped);
      }),
      { numRuns: 600 },
    );
  });

  test("random bytes never throw", () => {
    fc.assert(
      fc.property(fc.nat(MESSAGE_KINDS.length + 2), fc.uint8Array({ maxLength: 700 }), (first, rest) => {
        const input = new Uint8Array(rest.length + 1);
        input[0] = first;
        input.set(rest, 1);
        checkCanonical(input);
      }),
      { numRuns: 3000 },
    );
    expect(decode(new Uint8Array(0), limits)).toBeUndefined();
  });

  test("foreign seats, empty and oversized lists are refused", () => {
    const at = { group: `0x${"11".repeat(32)}`, era: 1, epoch: 1, height: 5 } as const;
    const signed = { ...at, seat: 0, signature: new Uint8Array(65) };
    const one = { kind: "est", round: 0, zeros: 0n, ones: 1n } as const;
    const share = new Uint8Array(96);
    const held = { proposals: 0n, certificates: 0n };
    const good: Message = { kind: "vote", ...signed, records: Array(MAX_VOTE_RECORDS).fill(one) };
    expect(decode(encode(good), limits)).toEqual(good);
    const refused: Message[] = [
      { kind: "vote", ...signed, seat: 7, records: [one] },
      { kind: "vote", ...signed, records: [] },
      { kind: "vote", ...signed, records: Array(MAX_VOTE_RECORDS + 1).fill(one) },
      { kind: "vote", ...signed, records: [{ ...one, ones: 1n << 7n }] },
      { kind: "vote", ...signed, records: [{ ...one, ones: 0n }] },
      { kind: "vote", ...signed, records: [{ kind: "done", round: 1, zeros: 0n, ones: 1n }] },
      { kind: "coin", ...at, shares: [] },
      { kind: "coin", ...at, shares: [1, 0].map((i) => ({ seat: i, round: 2, share })) },
      { kind: "coin", ...at, shares: [2, 2].map((i) => ({ seat: i, round: 2, share })) },
      { kind: "evidence", evidence: new Uint8Array(MAX_EVIDENCE_BYTES + 1) },
      { kind: "forward", transactions: [] },
      { kind: "forward", transactions: [{ age: 0, raw: new Uint8Array(limits.containerBytes + 1) }] },
      { kind: "forward", transactions: Array(MAX_FORWARDED + 1).fill({ age: 0, raw: new Uint8Array(0) }) },
      { kind: "body", height: 1, digest: at.group, offset: 0, bytes: new Uint8Array(limits.containerBytes + 1) },
      { kind: "status", ...at, ordered: 1, final: 1, held: [held, held], rounds: Array(65).fill(0) },
      { kind: "get-container", height: 1, count: 0 },
      { kind: "get-container", height: 1, count: 257 },
    ];
    for (const value of refused) expect(decode(encode(value), limits)).toBeUndefined();
  });

  test("what other epochs read too is not bounded by the own committee", () => {
    const one: Limits = { ...limits, members: 1 };
    const many: Limits = { ...limits, members: 64 };
    fc.assert(
      fc.property(message, (value) => {
        const shared = ["order", "container", "body", "status", "forward", "finality"].includes(value.kind);
        if (!shared) return;
        expect(decode(encode(value), one)).toEqual(value);
        expect(decode(encode(value), many)).toEqual(value);
      }),
    );
    // N members' full bodies, whatever N is.
    for (let members = 1; members <= 64; members++) {
      const full = members * (34 + 2 * maxBodyBytes({ ...limits, members })) + 6;
      expect(full).toBeLessThanOrEqual(maxContainerBodyBytes(limits));
    }
  });

  test("a frame holds the largest message: a container", () => {
    const chain: Limits = { members: 16, containerBytes: 1_000_000 };
    expect(maxFrameBytes(chain)).toBe(maxMessageBytes("container", chain));
    expect(maxMessageBytes("vote", chain)).toBe(maxMessageBytes("vote", limits));
  });
});
