// What the contracts must compute alike, written as a Solidity library that the forge tests import. The file is made
// from this test (vitest -u) and compared with it ever after, so neither side can drift alone.

import { expect, it } from "vitest";
import { concat, fromHex } from "../bytes/index.ts";
import { BlsSecretKey, provePossession } from "../crypto/bls.ts";
import { publicKeyToEip2537, signatureToEip2537 } from "../crypto/eip2537.ts";
import { scalarToBytes } from "../crypto/scalar.ts";
import type { PostedDealing } from "../ports/key-vault.ts";
import { type Ceremony, ceremony, seededRandom, strayPoint } from "./ceremony.testing.ts";
import { judgeDealing } from "./complaint.ts";
import { type Dealing, decodeDealing, encodeDealing } from "./dealing.ts";
import { acceptDealings, sumCommitments } from "./fresh-key.ts";
import { assembleReady, committeeHash, readyDigest, seatBitmap } from "./ready.ts";
import { VectorFile } from "./vector-file.testing.ts";

const file = new VectorFile();

function changed({ dealer, dealing }: PostedDealing, members: number, change: (d: Dealing) => Partial<Dealing>) {
  const decoded = decodeDealing(dealing, members)!;
  return { dealer, dealing: encodeDealing({ ...decoded, ...change(decoded) }) };
}

const raiseFirst = ({ ciphertexts }: Dealing): Partial<Dealing> => ({
  ciphertexts: ciphertexts.map((value, seat) => (seat === 0 ? value + 1n : value)),
});

/** shared ‖ challenge ‖ response of seat 0's complaint about a dealing with a raised first share. */
function shareComplaint(c: Ceremony, posted: PostedDealing): Uint8Array {
  const verdict = judgeDealing(c.context, posted, c.members.length, c.members[0]!.opener, c.random);
  if (verdict.kind !== "bad" || verdict.complaint.kind !== "share") throw new Error("a share complaint was due");
  return concat(verdict.complaint.shared, verdict.complaint.challenge, verdict.complaint.response);
}

/** groupKey128 ‖ keysHash ‖ aggregate256 ‖ threshold256 by the signers, over the dealings of the dealers. */
function readyCall(c: Ceremony, dealers: readonly number[], signers: readonly number[]): Uint8Array {
  const qualified = c.dealings.filter(({ dealer }) => dealers.includes(dealer));
  const keys = sumCommitments(qualified, c.members.length)!;
  const nodeIds = c.members.map(({ nodeId }) => nodeId);
  const digest = readyDigest(c.context, keys, nodeIds, seatBitmap(dealers));
  const posted = signers.map((seat) => {
    const member = c.members[seat]!;
    const { share } = acceptDealings(c.context, qualified, c.members.length, member.opener, c.random)!;
    return { seat, registered: member.registered.sign(digest), share: share.sign(digest) };
  });
  const registered = c.members.map((member) => member.registered.publicKey.bytes);
  const call = assembleReady(digest, keys, registered, posted)!;
  return concat(call.groupKey, call.keysHash, call.aggregate, call.threshold);
}

function committee(prefix: string, c: Ceremony): void {
  file.word(`${prefix}_GROUP`, c.context.group);
  file.list(`keys${c.members.length}`, c.encryptionKeys);
  file.list(
    `proofs${c.members.length}`,
    c.members.map(({ encryption }) => encryption.proof),
  );
}

it("agrees with the contracts' vectors", async () => {
  const four = ceremony(4, "vectors");
  const random = seededRandom("vectors/bls");
  const secret = BlsSecretKey.generate(random);
  const digest = random(32);
  const account = fromHex("0x00000000000000000000000000000000c0ffee00")!;
  file.bytes("PUBLIC_KEY", secret.publicKey.bytes);
  file.bytes("PUBLIC_KEY_128", publicKeyToEip2537(secret.publicKey.bytes)!);
  file.word("DIGEST", digest);
  file.bytes("SIGNATURE_256", signatureToEip2537(secret.sign(digest))!);
  file.bytes("OTHER_SIGNATURE_256", signatureToEip2537(secret.sign(random(32)))!);
  file.bytes("POSSESSION_256", signatureToEip2537(provePossession(secret, account))!);
  file.bytes("STRAY_ON_CURVE", strayPoint(true));
  file.bytes("STRAY_OFF_CURVE", strayPoint(false));

  committee("FOUR", four);
  file.list(
    "dealings4",
    four.dealings.map(({ dealing }) => dealing),
  );
  file.list(
    "registered4",
    four.members.map(({ registered }) => publicKeyToEip2537(registered.publicKey.bytes)!),
  );
  const nonce = decodeDealing(four.dealings[1]!.dealing, 4)!.nonce;
  const badShare = changed(four.dealings[3]!, 4, raiseFirst);
  file.bytes("BAD_SHARE", badShare.dealing);
  file.bytes("BAD_SHARE_COMPLAINT", shareComplaint(four, badShare));
  // A true S and proof about a dealer that dealt well.
  file.bytes("HONEST_COMPLAINT", shareComplaint(four, changed(four.dealings[1]!, 4, raiseFirst)));
  file.bytes("COPIED_NONCE", changed(four.dealings[2]!, 4, () => ({ nonce })).dealing);
  for (const onCurve of [true, false]) {
    const point = strayPoint(onCurve);
    const stray = changed(four.dealings[3]!, 4, ({ commitments }) => ({
      commitments: commitments.map((commitment, k) => (k === 1 ? point : commitment)),
    }));
    file.bytes(onCurve ? "OUTSIDE_SUBGROUP" : "OFF_CURVE", stray.dealing);
  }
  file.bytes("READY_ALL", readyCall(four, [0, 1, 2, 3], [0, 1, 2, 3]));
  file.bytes("READY_THREE", readyCall(four, [0, 1, 2], [0, 1, 2]));
  const nodeIds = four.members.map(({ nodeId }) => nodeId);
  file.word("COMMITTEE_ALL", committeeHash(nodeIds, readyCall(four, [0, 1, 2, 3], [0, 1, 2]).slice(128, 160)));

  const sixteen = ceremony(16, "vectors");
  committee("SIXTEEN", sixteen);
  const bad = changed(sixteen.dealings[3]!, 16, raiseFirst);
  file.bytes("SIXTEEN_BAD_SHARE", bad.dealing);
  file.bytes("SIXTEEN_COMPLAINT", shareComplaint(sixteen, bad));
  file.word("SIXTEEN_PLUS_ONE", scalarToBytes(decodeDealing(bad.dealing, 16)!.ciphertexts[0]!));

  const comment =
    "Made by packages/protocol/src/keygen/vectors.test.ts: what both sides must compute alike. Node ids are 100 + seat.";
  const text = file.text("Vectors", comment);
  await expect(text).toMatchFileSnapshot("../../../../contracts/test/keys/Vectors.sol");
});
