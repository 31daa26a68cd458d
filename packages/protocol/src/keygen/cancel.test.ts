import { expect, test } from "vitest";
import { toHex } from "../bytes/index.ts";
import { BlsPublicKey } from "../crypto/bls.ts";
import { signatureToEip2537 } from "../crypto/eip2537.ts";
import { combineShares, type SignatureShare } from "../crypto/threshold.ts";
import { assembleCancel, cancelDigest } from "./cancel.ts";
import { ceremony } from "./ceremony.testing.ts";
import { acceptDealings } from "./fresh-key.ts";
import type { GroupKeys } from "./group-keys.ts";

const { context, random, members, dealings } = ceremony(4, "cancel");
const openingId = new Uint8Array(32).fill(7);
const hash = cancelDigest(context.group, 1, openingId);

let keys: GroupKeys | undefined;
const shares: SignatureShare[] = members.map(({ seat, opener }) => {
  const accepted = acceptDealings(context, dealings, 4, opener, random);
  if (accepted === undefined) throw new Error("honest dealings give a share");
  keys = accepted;
  return { seat, share: accepted.share.sign(hash) };
});

test("a quorum's shares make the group's signature, whatever else is shown", () => {
  const bad = { seat: 0, share: shares[1]?.share ?? new Uint8Array(96) };
  const call = assembleCancel(hash, keys!, [bad, shares[1]!, shares[1]!, shares[2]!, shares[3]!]);
  const signature = combineShares(shares.slice(1), 3)!;
  expect(BlsPublicKey.fromBytes(keys!.groupKey)?.verify(hash, signature)).toBe(true);
  expect(toHex(call!.signature)).toBe(toHex(signatureToEip2537(signature)!));
  expect(assembleCancel(hash, keys!, [bad, shares[1]!, shares[1]!, shares[2]!])).toBeUndefined();
});

test("each opening and each era is cancelled by a signature of its own", () => {
  const others = [cancelDigest(context.group, 2, openingId), cancelDigest(context.group, 1, new Uint8Array(32))];
  for (const other of others) {
    expect(toHex(other)).not.toBe(toHex(hash));
    expect(assembleCancel(other, keys!, shares)).toBeUndefined();
  }
});
