import { bls12_381 } from "@noble/curves/bls12-381.js";
import { describe, expect, it } from "vitest";
import { concat } from "../bytes/bytes.ts";
import { BlsPublicKey } from "../crypto/bls.ts";
import { scalarFromBytes, scalarToBytes } from "../crypto/scalar.ts";
import { ThresholdKey } from "../crypto/threshold.ts";
import type { PostedDealing } from "../ports/key-vault.ts";
import { quorum } from "../quorum.ts";
import { type Ceremony, ceremony, strayPoint } from "./ceremony.testing.ts";
import { convicts, judgeDealing, openDealing } from "./complaint.ts";
import { dealingBytes, decodeDealing, encodeDealing, makeDealing } from "./dealing.ts";
import { makeEncryptionKey, verifyEncryptionKey } from "./encryption-key.ts";
import { acceptDealings, sumCommitments } from "./fresh-key.ts";
import { assembleReady, keysHash, readyDigest, seatBitmap } from "./ready.ts";

const DOMAIN = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

function accept({ context, members, random }: Ceremony, seat: number, qualified: readonly PostedDealing[]) {
  return acceptDealings(context, qualified, members.length, members[seat]!.opener, random);
}

/** The dealing with one member's ciphertext raised by one. */
function withBadShare({ dealer, dealing }: PostedDealing, members: number, seat: number): PostedDealing {
  const decoded = decodeDealing(dealing, members)!;
  const ciphertexts = decoded.ciphertexts.map((value, j) => (j === seat ? value + 1n : value));
  return { dealer, dealing: encodeDealing({ ...decoded, ciphertexts }) };
}

const four = ceremony(4, "keygen");
const accuser = { seat: 0, key: four.encryptionKeys[0]! };
const judge = (posted: PostedDealing, seat = 0, c = four) =>
  judgeDealing(c.context, posted, c.members.length, c.members[seat]!.opener, c.random);

describe("encryption keys", () => {
  it("are bound to generation and seat", () => {
    const { context, members, random } = four;
    const { key, proof } = members[1]!.encryption;
    expect(verifyEncryptionKey(context, 1, { key, proof })).toBe(true);
    expect(verifyEncryptionKey(context, 2, { key, proof })).toBe(false);
    expect(verifyEncryptionKey({ ...context, epoch: 1 }, 1, { key, proof })).toBe(false);
    expect(verifyEncryptionKey(context, 1, { key: members[2]!.encryption.key, proof })).toBe(false);
    expect(verifyEncryptionKey(context, 1, { key, proof: proof.subarray(1) })).toBe(false);
    expect(verifyEncryptionKey(context, 1, { key: new Uint8Array(48), proof })).toBe(false);
    expect(makeEncryptionKey(context, 1, random).key).not.toEqual(key);
  });
});

describe("a fresh key", () => {
  it.each([1, 2, 4, 7, 16])("of %i members signs, whoever of them takes part", (count) => {
    const c = ceremony(count, "fresh");
    const results = c.members.map(({ seat }) => accept(c, seat, c.dealings)!);
    const keys = sumCommitments(c.dealings, count)!;
    for (const [seat, result] of results.entries()) {
      expect(result.groupKey).toEqual(keys.groupKey);
      expect(result.shareKeys).toEqual(keys.shareKeys);
      expect(result.share.publicKey.bytes).toEqual(keys.shareKeys[seat]);
    }
    const shareKeys = keys.shareKeys.map((key) => BlsPublicKey.fromBytes(key)!);
    const group = new ThresholdKey(BlsPublicKey.fromBytes(keys.groupKey)!, shareKeys, quorum(count));
    const digest = c.random(32);
    const shares = results.map(({ share }, seat) => ({ seat, share: share.sign(digest) }));
    const first = group.combine(digest, shares.slice(0, quorum(count)));
    expect(first).toEqual(group.combine(digest, [...shares].reverse()));
    const { longSignatures } = bls12_381;
    const signature = "signature" in first ? first.signature : new Uint8Array(96);
    expect(longSignatures.verify(signature, longSignatures.hash(digest, DOMAIN), keys.groupKey)).toBe(true);
  });

  it("comes of q dealings, of other ones another key, of fewer none", () => {
    const all = sumCommitments(four.dealings, 4)!;
    const three = sumCommitments(four.dealings.slice(1), 4)!;
    expect(three.groupKey).not.toEqual(all.groupKey);
    expect(accept(four, 0, four.dealings.slice(1))?.groupKey).toEqual(three.groupKey);
    expect(sumCommitments(four.dealings.slice(2), 4)).toBeUndefined();
    expect(accept(four, 0, four.dealings.slice(2))).toBeUndefined();
    const twice = [four.dealings[0]!, ...four.dealings.slice(0, 3)];
    expect(sumCommitments(twice, 4)).toBeUndefined();
    expect(accept(four, 0, twice)).toBeUndefined();
  });

  it("goes on without a member that did not accept its seat", () => {
    const { context, members, random } = four;
    const keys = four.encryptionKeys.map((key, seat) => (seat === 3 ? new Uint8Array(0) : key));
    const dealings = [0, 1, 2].map((dealer) => ({ dealer, dealing: makeDealing(context, dealer, keys, random)! }));
    const result = acceptDealings(context, dealings, 4, members[2]!.opener, random)!;
    expect(result.share.publicKey.bytes).toEqual(result.shareKeys[2]);
    expect(result.shareKeys.length).toBe(4);
  });
});

describe("dealings", () => {
  it("have one encoding", () => {
    for (const { dealing } of four.dealings) {
      expect(dealing.length).toBe(dealingBytes(4));
      expect(encodeDealing(decodeDealing(dealing, 4)!)).toEqual(dealing);
    }
    expect(dealingBytes(16)).toBe(1152);
    const good = four.dealings[0]!.dealing;
    expect(decodeDealing(good.subarray(1), 4)).toBeUndefined();
    expect(decodeDealing(concat(good, Uint8Array.of(0)), 4)).toBeUndefined();
    expect(decodeDealing(good, 5)).toBeUndefined();
    const highScalar = good.slice();
    highScalar.fill(0xff, good.length - 32);
    expect(decodeDealing(highScalar, 4)).toBeUndefined();
    const infinity = good.slice();
    infinity.fill(0, 0, 48);
    infinity[0] = 0xc0;
    expect(decodeDealing(infinity, 4)).toBeUndefined();
    const aboveP = good.slice();
    aboveP.fill(0xff, 0, 48);
    aboveP[0] = 0x9f;
    expect(decodeDealing(aboveP, 4)).toBeUndefined();
  });

  it("are refused for malformed encryption keys", () => {
    const keys = [...four.encryptionKeys.slice(0, 3), new Uint8Array(48)];
    expect(makeDealing(four.context, 0, keys, four.random)).toBeUndefined();
    expect(makeDealing(four.context, 0, [], four.random)).toBeUndefined();
  });

  it("are good for every seat when honest, in the generation they were made for", () => {
    for (const posted of four.dealings) {
      for (const { seat } of four.members) {
        expect(judge(posted, seat)).toEqual({ kind: "good", dealer: posted.dealer });
      }
    }
    const other = { ...four.context, epoch: 1 };
    const moved = judgeDealing(other, four.dealings[1]!, 4, four.members[0]!.opener, four.random);
    expect(moved).toMatchObject({ kind: "bad", complaint: { kind: "proof" } });
  });

  it("with a bad share convict their dealer, by the victim only", () => {
    const bad = withBadShare(four.dealings[3]!, 4, 0);
    expect(judge(bad, 1).kind).toBe("good");
    const verdict = judge(bad);
    if (verdict.kind !== "bad" || verdict.complaint.kind !== "share") throw new Error("a share complaint was due");
    const { complaint } = verdict;
    expect(convicts(four.context, bad, 4, accuser, complaint)).toBe(true);
    expect(convicts(four.context, bad, 4, { ...accuser, seat: 1 }, complaint)).toBe(false);
    expect(convicts(four.context, { ...bad, dealer: 2 }, 4, accuser, complaint)).toBe(false);
    expect(convicts(four.context, four.dealings[3]!, 4, accuser, complaint)).toBe(false);
    const shared = four.encryptionKeys[1]!;
    expect(convicts(four.context, bad, 4, accuser, { ...complaint, shared })).toBe(false);
    for (const part of ["challenge", "response"] as const) {
      const changed = scalarToBytes(scalarFromBytes(complaint[part])! ^ 1n);
      expect(convicts(four.context, bad, 4, accuser, { ...complaint, [part]: changed })).toBe(false);
    }
    expect(accept(four, 0, [...four.dealings.slice(0, 3), bad])).toBeUndefined();
  });

  it("under a copied R fall to their proof, before any share is revealed", () => {
    const victim = decodeDealing(four.dealings[1]!.dealing, 4)!;
    const own = decodeDealing(four.dealings[2]!.dealing, 4)!;
    const withProofOf = (proof: typeof own): PostedDealing => ({
      dealer: 2,
      dealing: encodeDealing({
        ...own,
        nonce: victim.nonce,
        challenge: proof.challenge,
        response: proof.response,
      }),
    });
    for (const posted of [withProofOf(own), withProofOf(victim)]) {
      expect(judge(posted)).toEqual({ kind: "bad", dealer: 2, complaint: { kind: "proof" } });
      expect(convicts(four.context, posted, 4, accuser, { kind: "proof" })).toBe(true);
    }
  });

  it("with a point off the curve or outside the subgroup are named by its index", () => {
    const decoded = decodeDealing(four.dealings[3]!.dealing, 4)!;
    for (const onCurve of [true, false]) {
      const bad = strayPoint(onCurve);
      const commitments = decoded.commitments.map((point, k) => (k === 1 ? bad : point));
      const posted = { dealer: 3, dealing: encodeDealing({ ...decoded, commitments }) };
      expect(judge(posted)).toEqual({ kind: "bad", dealer: 3, complaint: { kind: "encoding", index: 2 } });
      expect(convicts(four.context, posted, 4, accuser, { kind: "encoding", index: 2 })).toBe(true);
      expect(convicts(four.context, posted, 4, accuser, { kind: "encoding", index: 1 })).toBe(false);
      expect(sumCommitments([...four.dealings.slice(0, 3), posted], 4)).toBeUndefined();
    }
  });

  it("of honest dealers stand every complaint", () => {
    const honest = four.dealings[1]!;
    for (let index = 0; index < 5; index++) {
      expect(convicts(four.context, honest, 4, accuser, { kind: "encoding", index })).toBe(false);
    }
    expect(convicts(four.context, honest, 4, accuser, { kind: "proof" })).toBe(false);
    // The true S with a true proof: it only shows that the share is good.
    const bad = withBadShare(honest, 4, 0);
    const verdict = judge(bad);
    if (verdict.kind !== "bad") throw new Error("a complaint was due");
    expect(convicts(four.context, honest, 4, accuser, verdict.complaint)).toBe(false);
  });

  it("opened with the secret give the sum's part of the share", () => {
    const opened = openDealing(four.context, four.dealings[2]!, 4, four.members[0]!.opener, four.random);
    expect(opened.kind).toBe("good");
  });
});

describe("READY", () => {
  const keys = sumCommitments(four.dealings, 4)!;
  const nodeIds = four.members.map(({ nodeId }) => nodeId);
  const digest = readyDigest(four.context, keys, nodeIds, 0b1111n);
  const registered = four.members.map((member) => member.registered.publicKey.bytes);
  const posted = four.members.map(({ seat, registered: key }) => ({
    seat,
    registered: key.sign(digest),
    share: accept(four, seat, four.dealings)!.share.sign(digest),
  }));

  it("is put together from q good ones, without the bad", () => {
    expect(assembleReady(digest, keys, registered, posted)?.signers).toBe(0b1111n);
    const spoilt = posted.map((ready) => (ready.seat === 1 ? { ...ready, share: posted[2]!.share } : ready));
    const call = assembleReady(digest, keys, registered, [...spoilt, posted[0]!, { ...posted[0]!, seat: 9 }])!;
    expect(call.signers).toBe(seatBitmap([0, 2, 3]));
    expect([call.groupKey.length, call.aggregate.length, call.threshold.length]).toEqual([128, 256, 256]);
    expect(call.keysHash).toEqual(keysHash(keys.shareKeys));
    const few = posted.map((ready) => (ready.seat < 2 ? { ...ready, registered: posted[2]!.registered } : ready));
    expect(assembleReady(digest, keys, registered, few)).toBeUndefined();
  });

  it("signs key, members, share keys and dealers", () => {
    const others = [
      readyDigest({ ...four.context, epoch: 1 }, keys, nodeIds, 0b1111n),
      readyDigest(four.context, { ...keys, groupKey: keys.shareKeys[0]! }, nodeIds, 0b1111n),
      readyDigest(four.context, { ...keys, shareKeys: [...keys.shareKeys].reverse() }, nodeIds, 0b1111n),
      readyDigest(four.context, keys, [...nodeIds].reverse(), 0b1111n),
      readyDigest(four.context, keys, nodeIds, 0b0111n),
    ];
    for (const other of others) expect(other).not.toEqual(digest);
  });
});
