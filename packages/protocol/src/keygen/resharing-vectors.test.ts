// As vectors.test.ts, for the resharing contract: four members in epoch 0 hand their key to four in epoch 1, of whom the
// first three are the same nodes, and to seven.

import { expect, it } from "vitest";
import { concat } from "../bytes/index.ts";
import type { BlsSecretKey } from "../crypto/bls.ts";
import { publicKeyToEip2537 } from "../crypto/eip2537.ts";
import type { PostedDealing } from "../ports/key-vault.ts";
import { ceremony, seededRandom, strayPoint } from "./ceremony.testing.ts";
import { type Dealing, decodeDealing, encodeDealing, makeDealing } from "./dealing.ts";
import { assembleReady, keysHash, readyDigest, seatBitmap } from "./ready.ts";
import { finish, type Handover, handover, holdersOf } from "./resharing.testing.ts";
import { combineResharing, judgeResharing } from "./resharing.ts";
import { VectorFile } from "./vector-file.testing.ts";

const file = new VectorFile();
const fresh = ceremony(4, "resharing vectors");
const old = holdersOf(fresh);
const four = handover(fresh.context, old, 4, seededRandom("resharing vectors/4"));
const seven = handover(fresh.context, old, 7, seededRandom("resharing vectors/7"));
/** The nodes 100 to 103 are the old committee; new nodes are 200 + seat. */
const nodeIds = (h: Handover): number[] => h.members.map((_, seat) => (seat < 3 ? 100 : 200) + seat);
const registered = (h: Handover): BlsSecretKey[] =>
  h.members.map((member, seat) => (seat < 3 ? fresh.members[seat]!.registered : member.registered));

function changed({ dealer, dealing }: PostedDealing, change: (d: Dealing) => Partial<Dealing>): PostedDealing {
  const decoded = decodeDealing(dealing, 4)!;
  return { dealer, dealing: encodeDealing({ ...decoded, ...change(decoded) }) };
}

/** groupKey128 ‖ keysHash ‖ aggregate256 ‖ threshold256 by the signers, when the dealings of the dealers stand. */
function readyCall(h: Handover, dealers: readonly number[], signers: readonly number[]): Uint8Array {
  const qualified = h.dealings.filter(({ dealer }) => dealers.includes(dealer));
  const keys = combineResharing(old.keys, qualified, h.members.length)!;
  const { shares } = finish(h, qualified)!;
  const digest = readyDigest(h.context, keys, nodeIds(h), seatBitmap(dealers));
  const posted = signers.map((seat) => ({
    seat,
    registered: registered(h)[seat]!.sign(digest),
    share: shares[seat]!.sign(digest),
  }));
  const publicKeys = registered(h).map((key) => key.publicKey.bytes);
  const call = assembleReady(digest, keys, publicKeys, posted)!;
  return concat(call.groupKey, call.keysHash, call.aggregate, call.threshold);
}

function handoverVectors(h: Handover): void {
  const count = h.members.length;
  file.list(`keys${count}`, h.encryptionKeys);
  file.list(
    `proofs${count}`,
    h.members.map(({ encryption }) => encryption.proof),
  );
  file.list(
    `dealings${count}`,
    h.dealings.map(({ dealing }) => dealing),
  );
  file.list(
    `registered${count}`,
    registered(h).map((key) => publicKeyToEip2537(key.publicKey.bytes)!),
  );
}

it("agrees with the contracts' vectors of a resharing", async () => {
  file.word("GROUP", fresh.context.group);
  file.bytes("GROUP_KEY", old.keys.groupKey);
  file.bytes("OLD_KEYS", concat(...old.keys.shareKeys));
  file.word("OLD_KEYS_HASH", keysHash(old.keys.shareKeys));
  handoverVectors(four);
  const other = makeDealing(four.context, 1, four.encryptionKeys, four.random)!;
  file.bytes("OTHER_SECRET", other);
  const raised = changed(four.dealings[2]!, ({ ciphertexts }) => ({
    ciphertexts: ciphertexts.map((value, seat) => (seat === 3 ? value + 1n : value)),
  }));
  const verdict = judgeResharing(four.context, old.keys, raised, 4, four.members[3]!.opener, four.random);
  if (verdict.kind !== "bad" || verdict.complaint.kind !== "share") throw new Error("a share complaint was due");
  const { shared, challenge, response } = verdict.complaint;
  file.bytes("BAD_SHARE", raised.dealing);
  file.bytes("BAD_SHARE_COMPLAINT", concat(shared, challenge, response));
  const stray = changed(four.dealings[3]!, ({ commitments }) => ({
    commitments: commitments.map((commitment, k) => (k === 1 ? strayPoint(true) : commitment)),
  }));
  file.bytes("STRAY", stray.dealing);
  const { nonce } = decodeDealing(four.dealings[0]!.dealing, 4)!;
  file.bytes("COPIED_NONCE", changed(four.dealings[3]!, () => ({ nonce })).dealing);
  file.bytes("READY_ALL", readyCall(four, [0, 1, 2], [0, 1, 2, 3]));
  file.bytes("READY_THREE", readyCall(four, [0, 1, 2], [0, 1, 3]));
  file.bytes("READY_WITHOUT_DEALER_1", readyCall(four, [0, 2, 3], [0, 1, 2, 3]));
  handoverVectors(seven);
  file.bytes("READY_SEVEN", readyCall(seven, [0, 1, 2], [0, 2, 3, 4, 6]));
  const comment = "Made by packages/protocol/src/keygen/resharing-vectors.test.ts: what both sides must compute alike.";
  const path = "../../../../contracts/test/keys/ResharingVectors.sol";
  await expect(file.text("ResharingVectors", comment)).toMatchFileSnapshot(path);
});
