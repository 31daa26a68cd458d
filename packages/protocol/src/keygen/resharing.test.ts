import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlsPublicKey } from "../crypto/bls.ts";
import { ThresholdKey } from "../crypto/threshold.ts";
import type { PostedDealing } from "../ports/key-vault.ts";
import { quorum } from "../quorum.ts";
import { ceremony, seededRandom, strayPoint } from "./ceremony.testing.ts";
import { convicts } from "./complaint.ts";
import { type Dealing, decodeDealing, encodeDealing, makeDealing } from "./dealing.ts";
import type { GroupKeys } from "./group-keys.ts";
import { finish, type Handover, type Holders, handover, holdersOf } from "./resharing.testing.ts";
import {
  acceptResharing,
  breaksConstant,
  combineResharing,
  judgeResharing,
  makeResharing,
  qualifiedDealers,
} from "./resharing.ts";

const MESSAGE = seededRandom("message")(32);

function thresholdKey({ groupKey, shareKeys }: GroupKeys): ThresholdKey {
  const keys = shareKeys.map((key) => BlsPublicKey.fromBytes(key)!);
  return new ThresholdKey(BlsPublicKey.fromBytes(groupKey)!, keys, quorum(keys.length));
}

/** The group's signature by the given seats, or undefined. */
function signature(holders: Holders, seats: readonly number[]): Uint8Array | undefined {
  const shares = seats.map((seat) => ({ seat, share: holders.shares[seat]!.sign(MESSAGE) }));
  const combined = thresholdKey(holders.keys).combine(MESSAGE, shares);
  return "signature" in combined ? combined.signature : undefined;
}

function firstSeats(count: number): readonly number[] {
  return Array.from({ length: count }, (_, seat) => seat);
}

function changed(posted: PostedDealing, members: number, change: (d: Dealing) => Partial<Dealing>): PostedDealing {
  const decoded = decodeDealing(posted.dealing, members)!;
  return { dealer: posted.dealer, dealing: encodeDealing({ ...decoded, ...change(decoded) }) };
}

const fresh = ceremony(4, "resharing");
const old = holdersOf(fresh);
const next = handover(fresh.context, old, 4, seededRandom("resharing/next"));
const judge = (h: Handover, posted: PostedDealing, seat = 0) =>
  judgeResharing(h.context, h.previous.keys, posted, h.members.length, h.members[seat]!.opener, h.random);

describe("a reshared key", () => {
  it("signs alike before and after, through other sizes and back, whoever of a quorum takes part", () => {
    const random = seededRandom("resharing/sizes");
    let holders = holdersOf(ceremony(7, "resharing"));
    let { context } = ceremony(7, "resharing");
    const { groupKey } = holders.keys;
    const before = signature(holders, firstSeats(5));
    expect(before).toBeDefined();
    for (const size of [4, 10, 1, 7]) {
      const h = handover(context, holders, size, random);
      const after = finish(h, h.dealings)!;
      expect(after.keys.groupKey).toEqual(groupKey);
      expect(signature(after, firstSeats(quorum(size)))).toEqual(before);
      expect(signature(after, [...firstSeats(size)].reverse())).toEqual(before);
      expect(signature(after, firstSeats(quorum(size) - 1))).toBeUndefined();
      [holders, context] = [after, h.context];
    }
  });

  it("is the same for any committee sizes and any set of dealers that can make it", () => {
    const sizes = fc.integer({ min: 1, max: 6 });
    const plan = fc.tuple(sizes, sizes, fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff }));
    const check = ([from, to, seed, dropped]: readonly [number, number, number, number]): void => {
      const c = ceremony(from, `any/${seed}`);
      const before = holdersOf(c);
      const h = handover(c.context, before, to, seededRandom(`any/${seed}/${to}`));
      const dealt = h.dealings.filter(({ dealer }) => ((dropped >> dealer) & 1) === 0);
      const after = finish(h, dealt);
      if (dealt.length < quorum(from)) {
        expect(after).toBeUndefined();
        return;
      }
      expect(after!.keys.groupKey).toEqual(before.keys.groupKey);
      expect(signature(after!, firstSeats(quorum(to)))).toEqual(signature(before, firstSeats(quorum(from))));
    };
    fc.assert(fc.property(plan, check), { numRuns: 12, seed: 1 });
  });

  it("has share keys that everybody derives from what was posted", () => {
    const after = finish(next, next.dealings)!;
    expect(combineResharing(old.keys, next.dealings.slice(0, 3), 4)).toEqual(after.keys);
    expect(after.shares.map((share) => share.publicKey.bytes)).toEqual(after.keys.shareKeys);
  });

  it("refreshes those who stay: old and new shares do not combine, and neither pass for the other", () => {
    const after = finish(next, next.dealings)!;
    for (const seat of firstSeats(4)) expect(after.keys.shareKeys[seat]).not.toEqual(old.keys.shareKeys[seat]);
    const shares = [0, 1, 2].map((seat) => ({ seat, share: (seat === 2 ? old : after).shares[seat]!.sign(MESSAGE) }));
    expect(thresholdKey(after.keys).combine(MESSAGE, shares)).toEqual({ faulty: [2] });
    expect(thresholdKey(old.keys).combine(MESSAGE, shares)).toEqual({ faulty: [0, 1] });
  });

  it("needs the same dealers for all: other ones of the same dealings give other shares", () => {
    const [a, b] = [combineResharing(old.keys, next.dealings.slice(0, 3), 4)!, finish(next, next.dealings.slice(1))!];
    expect(b.keys.groupKey).toEqual(a.groupKey);
    expect(b.keys.shareKeys).not.toEqual(a.shareKeys);
  });
});

describe("the dealers of a resharing", () => {
  it("are the q lowest unconvicted seats, and fewer refuse", () => {
    expect(qualifiedDealers([3, 1, 0, 2], 4)).toEqual([0, 1, 2]);
    expect(qualifiedDealers([3, 1, 2], 4)).toEqual([1, 2, 3]);
    expect(qualifiedDealers([3, 1, 1, 3], 4)).toBeUndefined();
    expect(qualifiedDealers([3, 1, 4, 9, -1, 0.5], 4)).toBeUndefined();
    expect(finish(next, next.dealings.slice(2))).toBeUndefined();
  });

  it("are exactly q distinct old seats", () => {
    const [a, b, c, d] = next.dealings as [PostedDealing, PostedDealing, PostedDealing, PostedDealing];
    for (const dealers of [[a, b], [a, b, c, d], [a, b, b], [a, b, { ...c, dealer: 4 }], []]) {
      expect(combineResharing(old.keys, dealers, 4)).toBeUndefined();
      const { opener } = next.members[0]!;
      expect(acceptResharing(next.context, old.keys, dealers, 4, opener, next.random)).toBeUndefined();
    }
    const others = holdersOf(ceremony(4, "others")).keys;
    expect(combineResharing({ ...old.keys, groupKey: others.groupKey }, [a, b, c], 4)).toBeUndefined();
  });

  it("deal scalars above 0 to good keys only", () => {
    expect(makeResharing(next.context, 0, new Uint8Array(32), next.encryptionKeys, next.random)).toBeUndefined();
    expect(makeResharing(next.context, 0, new Uint8Array(32).fill(0xff), next.encryptionKeys, next.random)).toBe(
      undefined,
    );
    const share = old.shares[0]!.toBytes();
    expect(makeResharing(next.context, 0, share, [strayPoint(true)], next.random)).toBeUndefined();
  });
});

describe("a lying dealer", () => {
  it("of another secret is named by anybody and left out, whoever else signs", () => {
    const lie = { dealer: 1, dealing: makeDealing(next.context, 1, next.encryptionKeys, next.random)! };
    for (const seat of firstSeats(4)) {
      expect(judge(next, lie, seat)).toEqual({ kind: "bad", dealer: 1, complaint: { kind: "constant" } });
    }
    expect(breaksConstant(old.keys, next.dealings[1]!, 4)).toBe(false);
    const withLie = next.dealings.map((posted) => (posted.dealer === 1 ? lie : posted));
    expect(combineResharing(old.keys, withLie.slice(0, 3), 4)).toBeUndefined();
    expect(finish(next, withLie)).toBeUndefined();
    const after = finish(next, [next.dealings[0]!, next.dealings[2]!, next.dealings[3]!])!;
    expect(signature(after, [0, 1, 3])).toEqual(signature(old, [0, 1, 2]));
  });

  it("of one bad share is convicted by whom it cheated, and honest dealers are not", () => {
    const lie = changed(next.dealings[2]!, 4, ({ ciphertexts }) => ({
      ciphertexts: ciphertexts.map((value, seat) => (seat === 3 ? value + 1n : value)),
    }));
    expect(judge(next, lie, 0)).toEqual({ kind: "good", dealer: 2 });
    const verdict = judge(next, lie, 3);
    if (verdict.kind !== "bad" || verdict.complaint.kind !== "share") throw new Error("a share complaint was due");
    const accuser = { seat: 3, key: next.encryptionKeys[3]! };
    expect(convicts(next.context, lie, 4, accuser, verdict.complaint)).toBe(true);
    expect(convicts(next.context, next.dealings[2]!, 4, accuser, verdict.complaint)).toBe(false);
    expect(judge(next, next.dealings[2]!, 3)).toEqual({ kind: "good", dealer: 2 });
    const { opener } = next.members[3]!;
    const dealers = [next.dealings[0]!, next.dealings[1]!, lie];
    expect(acceptResharing(next.context, old.keys, dealers, 4, opener, next.random)).toBeUndefined();
  });

  it("of a stray point or a copied nonce is convicted before any share is revealed", () => {
    const stray = changed(next.dealings[3]!, 4, ({ commitments }) => ({
      commitments: commitments.map((commitment, k) => (k === 1 ? strayPoint(true) : commitment)),
    }));
    expect(judge(next, stray)).toMatchObject({ kind: "bad", complaint: { kind: "encoding", index: 2 } });
    expect(combineResharing(old.keys, [...next.dealings.slice(0, 2), stray], 4)).toBeUndefined();
    const { nonce } = decodeDealing(next.dealings[0]!.dealing, 4)!;
    const copied = changed(next.dealings[3]!, 4, () => ({ nonce }));
    expect(judge(next, copied)).toMatchObject({ kind: "bad", complaint: { kind: "proof" } });
  });

  it("cannot use a dealing of another epoch", () => {
    const later = { ...next, context: { ...next.context, epoch: next.context.epoch + 1 } };
    expect(judge(later, next.dealings[0]!)).toMatchObject({ kind: "bad", complaint: { kind: "proof" } });
  });
});
