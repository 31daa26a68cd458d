import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "../bytes/hex.ts";
import type { VoteRecord } from "../consensus/types.ts";
import { addressOfSecretKey, nodeSignatures } from "../crypto/secp256k1.ts";
import { MAX_EVIDENCE_BYTES } from "../wire/limits.ts";
import type { VoteMessage } from "../wire/messages.ts";
import { accuseAcks, accuseDecides, accuseFinals, accuseProposals, accuseVotes } from "./accuse.ts";
import { decodeEvidence, encodeEvidence } from "./codec.ts";
import { plainSignatures, record, Speaker, word } from "./evidence.testing.ts";
import { EVIDENCE_KINDS, type Evidence, type EvidenceKind, type Statement, type VoteFault } from "./evidence.ts";
import { readEvidence, verifyEvidence } from "./verify.ts";

const MEMBERS = 7;
const slot = { group: word(1), era: 2, epoch: 3, height: 4 };
const addresses = Array.from({ length: MEMBERS }, (_, seat) => plainSignatures.address(seat));
const bench = { group: slot.group, era: slot.era, epoch: slot.epoch, addresses };
const speaker = new Speaker(slot, 5);

function verdict(bytes: Uint8Array, changed: Partial<typeof bench> = {}): string {
  const found = verifyEvidence(bytes, { ...bench, ...changed }, plainSignatures);
  return found.ok ? `${found.offence.kind} by ${found.offence.seat} at ${found.offence.height}` : found.fault;
}

function votes(kind: VoteFault, ...messages: readonly (readonly VoteRecord[])[]): Uint8Array {
  const evidence = accuseVotes(
    kind,
    messages.map((records) => speaker.vote(...records)),
  );
  if (evidence === undefined) throw new Error("a contradiction was due");
  return evidence;
}

/** One of each kind, with the votes in all their shapes. */
function examples(by: Speaker): readonly (readonly [EvidenceKind, Uint8Array])[] {
  const est = record("est", 0, 0b11n, 0b11n);
  const of = (kind: VoteFault, ...messages: readonly VoteMessage[]) =>
    [kind, accuseVotes(kind, messages) ?? new Uint8Array(0)] as const;
  return [
    ["proposal", accuseProposals(by.proposal({ time: 1 }), by.proposal({ time: 2 }))],
    ["ack", accuseAcks(by.ack(3, word(5)), by.ack(3, word(6)))],
    ["decide", accuseDecides(by.decide(word(5)), by.decide(word(6)))],
    ["final", accuseFinals(by.final(word(5)), by.final(word(6)))],
    of("aux", by.vote(est, record("aux", 1, 0b10n, 0b01n)), by.vote(record("aux", 1, 0b01n, 0n))),
    of("aux", by.vote(record("aux", 1, 0b11n, 0b10n))),
    of("aux", by.vote(record("aux", 1, 0b10n, 0n), est, record("aux", 1, 0n, 0b10n))),
    of("conf", by.vote(record("conf", 2, 0b10n, 0b10n)), by.vote(est, record("conf", 2, 0n, 0b10n))),
    of("conf", by.vote(record("conf", 2, 0b10n, 0n), record("conf", 2, 0n, 0b10n))),
    of("done", by.vote(record("done", 0, 0b100n, 0n)), by.vote(record("done", 0, 0n, 0b100n))),
    of("done", by.vote(record("done", 0, 0b100n, 0b100n))),
  ];
}

describe("what convicts", () => {
  test("every kind, whichever statement comes first", () => {
    for (const [kind, bytes] of examples(speaker)) expect(verdict(bytes)).toBe(`${kind} by 5 at 4`);
    const [a, b] = [speaker.ack(3, word(5)), speaker.ack(3, word(6))];
    expect(accuseAcks(a, b)).toEqual(accuseAcks(b, a));
    const [first, second] = [speaker.vote(record("aux", 0, 1n, 0n)), speaker.vote(record("aux", 0, 0n, 1n))];
    expect(accuseVotes("aux", [first, second])).toEqual(accuseVotes("aux", [second, first]));
  });

  test("with the node keys and signatures that members have", () => {
    const keys = addresses.map((_, seat) => new Uint8Array(32).fill(seat + 1));
    const real = { ...bench, addresses: keys.map((key) => addressOfSecretKey(key) ?? new Uint8Array(0)) };
    const by = new Speaker(slot, 5, (seat, digest) => nodeSignatures.sign(keys[seat] ?? new Uint8Array(0), digest));
    for (const [kind, bytes] of examples(by)) {
      expect(verifyEvidence(bytes, real, nodeSignatures)).toEqual({
        ok: true,
        offence: { kind, ...slot, seat: 5 },
        address: real.addresses[5],
      });
    }
    expect(verdict(accuseAcks(by.ack(3, word(5)), by.ack(3, word(6))))).toBe("bad-signature");
  });

  test("the largest evidence is as large as stated", () => {
    const many = (value: bigint) => [
      ...Array.from({ length: 255 }, (_, round) => record("est", round, 1n, 1n)),
      record("aux", 9, value, 1n - value),
    ];
    const bytes = votes("aux", many(0n), many(1n));
    expect(bytes.length).toBe(MAX_EVIDENCE_BYTES);
    expect(verdict(bytes)).toBe("aux by 5 at 4");
  });
});

describe("what does not", () => {
  test("an honest member's envelopes, however they are put together", () => {
    const seats = fc.bigInt({ min: 0n, max: (1n << BigInt(MEMBERS)) - 1n });
    const history = fc.record({
      aux: fc.tuple(seats, seats),
      conf: fc.tuple(seats, seats),
      done: seats,
      cuts: fc.array(fc.tuple(seats, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 4 })), { maxLength: 8 }),
    });
    fc.assert(
      fc.property(history, ({ aux, conf, done, cuts }) => {
        const records = cuts.flatMap(([part, round, shape]): VoteRecord[] => {
          const value = aux[round === 2 ? 1 : 0];
          const made = [
            record("est", round, part, aux[0]),
            record("aux", round, value & part, ~value & part),
            // The set {0,1} where both bits are set.
            record("conf", round, part & conf[0], part & (conf[1] | ~conf[0])),
            record("done", 0, done & part, ~done & part),
          ][shape];
          return made === undefined || (made.zeros | made.ones) === 0n ? [] : [made];
        });
        const messages = records.flatMap((one, index) => [
          speaker.vote(one),
          speaker.vote(...records.slice(0, index + 1)),
        ]);
        for (const kind of ["aux", "conf", "done"] as const) {
          expect(accuseVotes(kind, messages)).toBeUndefined();
          for (const bytes of pairs(kind, messages)) expect(["lawful", "malformed"]).toContain(verdict(bytes));
        }
      }),
      { numRuns: 15 },
    );
  });

  test("acknowledgements of several proposers, repeats, other shares of the same", () => {
    const proposal = speaker.proposal({});
    expect(verdict(accuseProposals(proposal, proposal))).toBe("lawful");
    expect(verdict(accuseAcks(speaker.ack(1, word(5)), speaker.ack(2, word(6))))).toBe("bad-signature");
    const other = new Uint8Array(96).fill(1);
    expect(verdict(accuseAcks(speaker.ack(1, word(5)), speaker.ack(1, word(5), other)))).toBe("lawful");
    expect(verdict(accuseDecides(speaker.decide(word(5)), speaker.decide(word(5), other)))).toBe("lawful");
    expect(verdict(accuseFinals(speaker.final(word(5)), speaker.final(word(5), other)))).toBe("lawful");
    expect(verdict(accuseAcks(speaker.ack(MEMBERS, word(5)), speaker.ack(MEMBERS, word(6))))).toBe("lawful");
  });

  test("statements of different slots, seats or kinds", () => {
    for (const change of [{ group: word(9) }, { era: 9 }, { epoch: 9 }, { height: 9 }]) {
      const elsewhere = new Speaker({ ...slot, ...change }, 5);
      expect(verdict(accuseFinals(speaker.final(word(5)), elsewhere.final(word(6))))).toBe("bad-signature");
      expect(verdict(accuseProposals(speaker.proposal({}), elsewhere.proposal({ time: 1 })))).toBe("bad-signature");
      const records = [record("done", 0, 1n, 0n), record("done", 0, 0n, 1n)] as const;
      const [a, b] = [speaker.vote(records[0]), elsewhere.vote(records[1])];
      expect(verdict(accuseVotes("done", [a, b]) ?? new Uint8Array(0))).toBe("bad-signature");
    }
    const other = new Speaker(slot, 4);
    expect(verdict(accuseDecides(speaker.decide(word(5)), other.decide(word(6))))).toBe("bad-signature");
    const swapped = accuseDecides(speaker.decide(word(5)), speaker.decide(word(6)));
    swapped[1] = EVIDENCE_KINDS.indexOf("final");
    expect(verdict(swapped)).toBe("bad-signature");
  });

  test("another committee's evidence, and seats that nobody has", () => {
    const bytes = accuseFinals(speaker.final(word(5)), speaker.final(word(6)));
    for (const change of [{ group: word(9) }, { era: 9 }, { epoch: 9 }]) {
      expect(verdict(bytes, change)).toBe("other-committee");
    }
    expect(verdict(bytes, { addresses: addresses.slice(0, 5) })).toBe("no-such-seat");
    expect(readEvidence(bytes, { ...bench, members: 5 })).toEqual({ ok: false, fault: "no-such-seat" });
    const beyond = 1n << BigInt(MEMBERS);
    expect(verdict(votes("aux", [record("aux", 0, beyond, beyond)]))).toBe("lawful");
  });

  test("any but the one form of a proof", () => {
    const changed = (evidence: Uint8Array, change: (decoded: Evidence) => object): string => {
      const decoded = decodeEvidence(evidence);
      if (decoded === undefined) throw new Error("not evidence");
      return verdict(encodeEvidence({ ...decoded, ...change(decoded) } as Evidence));
    };
    const turned = ({ statements: [a, b] }: Evidence) => ({ statements: [b, a] });
    for (const [, bytes] of examples(speaker)) {
      if (decodeEvidence(bytes)?.statements.length === 2) expect(changed(bytes, turned)).toBe("malformed");
    }
    const pair = votes("aux", [record("aux", 1, 2n, 0n)], [record("aux", 1, 0n, 2n)]);
    expect(changed(pair, () => ({ records: [1, 0] }))).toBe("malformed");
    expect(changed(pair, () => ({ records: [0, 1] }))).toBe("malformed");
    const single = votes("aux", [record("aux", 1, 2n, 0n), record("aux", 1, 0n, 2n)]);
    expect(changed(single, () => ({ records: [1, 0] }))).toBe("malformed");
    expect(changed(single, () => ({ records: [0, 2] }))).toBe("malformed");
    const crowd = Array.from({ length: 257 }, () => record("done", 0, 1n, 1n));
    expect(verdict(accuseVotes("done", [speaker.vote(...crowd)]) ?? new Uint8Array(0))).toBe("malformed");
  });

  test("a changed bit, a byte more or less", () => {
    for (const [, bytes] of examples(speaker)) {
      for (let at = 0; at < bytes.length * 8; at++) {
        const changed = bytes.slice();
        changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
        expect(verifyEvidence(changed, bench, plainSignatures).ok).toBe(false);
      }
      for (let length = 0; length < bytes.length; length++)
        expect(decodeEvidence(bytes.slice(0, length))).toBeUndefined();
      expect(decodeEvidence(Uint8Array.of(...bytes, 0))).toBeUndefined();
    }
  });
});

describe("the encoding", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const statement = (length: number): fc.Arbitrary<Statement> =>
    fc.record({ content: bytes(length), signature: bytes(65) });
  const about = fc.record({
    group: bytes(32).map(toHex),
    era: fc.integer({ min: 0, max: 0xffff_ffff }),
    epoch: fc.integer({ min: 0, max: 0xffff_ffff }),
    height: fc.maxSafeNat(),
    seat: fc.integer({ min: 0, max: 0xffff }),
  });
  const message = fc.integer({ min: 1, max: 6 }).chain((count) => statement(19 * count));
  const hashes = fc.record({ kind: fc.constantFrom("decide" as const, "final" as const), statements: pairOf(128) });
  const evidence: fc.Arbitrary<Evidence> = fc.oneof(
    joined(hashes),
    joined(fc.record({ kind: fc.constant("proposal" as const), statements: pairOf(249) })),
    joined(fc.record({ kind: fc.constant("ack" as const), proposer: fc.nat({ max: 63 }), statements: pairOf(128) })),
    joined(
      fc.record({
        kind: fc.constantFrom<VoteFault>("aux", "conf", "done"),
        statements: fc.oneof(fc.tuple(message), fc.tuple(message, message)),
        records: fc.constant([0, 0] as const),
      }),
    ),
  );

  function pairOf(length: number): fc.Arbitrary<readonly [Statement, Statement]> {
    return fc.tuple(statement(length), statement(length));
  }

  function joined<T>(rest: fc.Arbitrary<T>): fc.Arbitrary<T & { [K in keyof typeof slot | "seat"]: never }> {
    return fc.tuple(about, rest).map(([a, b]) => ({ ...a, ...b })) as never;
  }

  test("comes back as it was", () => {
    fc.assert(
      fc.property(evidence, (value) => {
        expect(decodeEvidence(encodeEvidence(value))).toEqual(value);
      }),
    );
  });

  test("is the only one, and hostile bytes are refused without a throw", () => {
    const real = examples(speaker).map(([, value]) => value);
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .tuple(fc.constantFrom(...real), fc.array(fc.tuple(fc.nat({ max: 700 }), fc.nat({ max: 255 }))))
        .map(([value, changes]) => {
          const changed = value.slice();
          for (const [at, byte] of changes) if (at < changed.length) changed[at] = byte;
          return changed;
        }),
    );
    fc.assert(
      fc.property(hostile, (value) => {
        const decoded = decodeEvidence(value);
        if (decoded !== undefined) expect(encodeEvidence(decoded)).toEqual(value);
        expect(typeof readEvidence(value, { ...bench, members: MEMBERS }).ok).toBe("boolean");
      }),
      { numRuns: 500 },
    );
    expect(decodeEvidence(new Uint8Array(MAX_EVIDENCE_BYTES + 1))).toBeUndefined();
  });
});

/** Every evidence of a kind that two of the messages, or one, can be made to look like. */
function* pairs(kind: VoteFault, messages: readonly VoteMessage[]): Generator<Uint8Array> {
  for (const first of messages) {
    for (const second of messages) {
      for (const [a] of first.records.entries()) {
        for (const [b] of second.records.entries()) {
          const { seat } = first;
          const records = [a, b] as const;
          const statements = [stated(first), stated(second)] as const;
          yield encodeEvidence({ ...slot, seat, kind, records, statements });
          if (first === second) yield encodeEvidence({ ...slot, seat, kind, records, statements: [statements[0]] });
        }
      }
    }
  }
}

function stated(message: VoteMessage): Statement {
  const codes = ["est", "aux", "conf", "done"];
  const content = new Uint8Array(19 * message.records.length);
  const view = new DataView(content.buffer);
  for (const [index, { kind, round, zeros, ones }] of message.records.entries()) {
    view.setUint8(19 * index, codes.indexOf(kind));
    view.setUint16(19 * index + 1, round);
    view.setBigUint64(19 * index + 3, zeros);
    view.setBigUint64(19 * index + 11, ones);
  }
  return { content, signature: message.signature };
}
