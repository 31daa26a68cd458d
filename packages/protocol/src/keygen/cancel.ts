import { BlsPublicKey } from "../crypto/bls.ts";
import { digest } from "../crypto/digest.ts";
import { publicKeyToEip2537, signatureToEip2537 } from "../crypto/eip2537.ts";
import { type SignatureShare, ThresholdKey } from "../crypto/threshold.ts";
import { quorum } from "../quorum.ts";
import type { GroupKeys } from "./group-keys.ts";

/**
 * What the group signs to cancel an opening of its Recovery: digest("cancel", openingId) in epoch 0 at height 0, since
 * any epoch of the era may. Both values 32 bytes.
 */
export function cancelDigest(group: Uint8Array, era: number, openingId: Uint8Array): Uint8Array {
  return digest("cancel", { group, era, epoch: 0, height: 0 }, openingId);
}

/** The arguments of the contract's `cancel`, points as EIP-2537 takes them. */
export type CancelCall = { readonly groupKey: Uint8Array; readonly signature: Uint8Array };

/** Puts shares together; bad ones and repeats of a seat are left out. Undefined while fewer than q are good. */
export function assembleCancel(
  hash: Uint8Array,
  keys: GroupKeys,
  posted: readonly SignatureShare[],
): CancelCall | undefined {
  const good = new Map<number, SignatureShare>();
  for (const share of posted) {
    const key = BlsPublicKey.fromBytes(keys.shareKeys[share.seat] ?? new Uint8Array(0));
    if (!good.has(share.seat) && key?.verify(hash, share.share)) good.set(share.seat, share);
  }
  const needed = quorum(keys.shareKeys.length);
  if (good.size < needed) return undefined;
  const groupKey = BlsPublicKey.fromBytes(keys.groupKey);
  const shareKeys = keys.shareKeys.flatMap((key) => BlsPublicKey.fromBytes(key) ?? []);
  if (groupKey === undefined || shareKeys.length !== keys.shareKeys.length) return undefined;
  const combined = new ThresholdKey(groupKey, shareKeys, needed).combine(hash, [...good.values()]);
  if (!("signature" in combined)) return undefined;
  const call = { groupKey: publicKeyToEip2537(keys.groupKey), signature: signatureToEip2537(combined.signature) };
  return call.groupKey && call.signature ? { groupKey: call.groupKey, signature: call.signature } : undefined;
}
