import { expect, test } from "vitest";
import { toHex } from "../bytes/index.ts";
import { BlsPublicKey } from "../crypto/bls.ts";
import type { SignatureShare } from "../crypto/threshold.ts";
import { ceremony } from "./ceremony.testing.ts";
import { assembleHandover, eraDigest } from "./era-handover.ts";
import { acceptDealings } from "./fresh-key.ts";

const { context, random, members, dealings } = ceremony(4, "era");
const handover = { era: 1, firstHeight: 54, groupKey: new Uint8Array(48).fill(9) };
const hash = eraDigest(context.group, handover);

const accepted = members.map(({ seat, opener }) => {
  const keys = acceptDealings(context, dealings, 4, opener, random);
  if (keys === undefined) throw new Error("honest dealings give a share");
  return { seat, keys };
});
const oldKey = accepted[0]!.keys.groupKey;
const shares: readonly SignatureShare[] = accepted.map(({ seat, keys }) => ({ seat, share: keys.share.sign(hash) }));

test("a quorum's shares make the old key's signature, whatever else is shown", () => {
  const bad = { seat: 0, share: shares[1]!.share };
  const signature = assembleHandover(hash, oldKey, 3, [bad, ...shares.slice(1)])!;
  expect(BlsPublicKey.fromBytes(oldKey)?.verify(hash, signature)).toBe(true);
  expect(toHex(assembleHandover(hash, oldKey, 3, shares)!)).toBe(toHex(signature));
  expect(assembleHandover(hash, oldKey, 3, [bad, shares[1]!, shares[1]!, shares[2]!])).toBeUndefined();
  expect(assembleHandover(hash, new Uint8Array(48), 3, shares)).toBeUndefined();
});

test("era, height and key are all signed", () => {
  for (const other of [
    { ...handover, era: 2 },
    { ...handover, firstHeight: 55 },
    { ...handover, groupKey: new Uint8Array(48) },
  ]) {
    const changed = eraDigest(context.group, other);
    expect(toHex(changed)).not.toBe(toHex(hash));
    expect(assembleHandover(changed, oldKey, 3, shares)).toBeUndefined();
  }
});
