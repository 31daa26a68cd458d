import { concat, uint } from "../bytes/bytes.ts";
import { aggregateSignatures, BlsPublicKey } from "../crypto/bls.ts";
import { digest } from "../crypto/digest.ts";
import { publicKeyToEip2537, signatureToEip2537 } from "../crypto/eip2537.ts";
import { keccak256 } from "../crypto/keccak.ts";
import type { HashContext } from "../crypto/scalar.ts";
import { type SignatureShare, ThresholdKey } from "../crypto/threshold.ts";
import type { ReadySignatures } from "../ports/key-vault.ts";
import { quorum } from "../quorum.ts";
import type { GroupKeys } from "./group-keys.ts";

/** keccak256(u16 N ‖ Y_0 ‖ .. ‖ Y_{N-1}), 48 bytes each. */
export function keysHash(shareKeys: readonly Uint8Array[]): Uint8Array {
  return keccak256(concat(uint(shareKeys.length, 2), ...shareKeys));
}

/** keccak256(u16 N ‖ u32 node ids by seat ‖ keysHash): the `committee` of container headers. */
export function committeeHash(nodeIds: readonly number[], hashOfKeys: Uint8Array): Uint8Array {
  return keccak256(concat(uint(nodeIds.length, 2), ...nodeIds.map((id) => uint(id, 4)), hashOfKeys));
}

/** Bit j for seat j. */
export function seatBitmap(seats: Iterable<number>): bigint {
  let bitmap = 0n;
  for (const seat of seats) bitmap |= 1n << BigInt(seat);
  return bitmap;
}

/**
 * What READY signs: digest("ready", era, epoch, PK ‖ keysHash ‖ committee ‖ u64 bitmap of the qualified dealers), height 0.
 * q signatures hold at least one honest member that compared PK with the sum of the qualified A_0 and keysHash with the
 * Y_j, so the contract need not add the points again.
 */
export function readyDigest(
  context: HashContext,
  keys: GroupKeys,
  nodeIds: readonly number[],
  qualified: bigint,
): Uint8Array {
  const hashOfKeys = keysHash(keys.shareKeys);
  const fields = concat(keys.groupKey, hashOfKeys, committeeHash(nodeIds, hashOfKeys), uint(qualified, 8));
  return digest("ready", { ...context, height: 0 }, fields);
}

export type PostedReady = ReadySignatures & { readonly seat: number };

/** The arguments of the contract's `ready`, points as EIP-2537 takes them. */
export type ReadyCall = {
  readonly groupKey: Uint8Array;
  readonly keysHash: Uint8Array;
  readonly signers: bigint;
  readonly aggregate: Uint8Array;
  readonly threshold: Uint8Array;
};

/** Whether a member's two READY signatures are good: its registered key's and its new share's. */
export function verifyReady(
  ready: PostedReady,
  hash: Uint8Array,
  keys: GroupKeys,
  registeredKeys: readonly Uint8Array[],
): boolean {
  const registered = BlsPublicKey.fromBytes(registeredKeys[ready.seat] ?? new Uint8Array(0));
  const share = BlsPublicKey.fromBytes(keys.shareKeys[ready.seat] ?? new Uint8Array(0));
  return (registered?.verify(hash, ready.registered) ?? false) && (share?.verify(hash, ready.share) ?? false);
}

/**
 * Puts the READYs together. Bad ones, and repeats of a seat, are left out; undefined while fewer than q are good.
 * `registeredKeys` are compressed, by seat.
 */
export function assembleReady(
  hash: Uint8Array,
  keys: GroupKeys,
  registeredKeys: readonly Uint8Array[],
  posted: readonly PostedReady[],
): ReadyCall | undefined {
  const members = keys.shareKeys.length;
  const good = new Map<number, PostedReady>();
  for (const ready of posted) {
    if (!good.has(ready.seat) && verifyReady(ready, hash, keys, registeredKeys)) good.set(ready.seat, ready);
  }
  if (good.size < quorum(members)) return undefined;
  const groupKey = BlsPublicKey.fromBytes(keys.groupKey);
  const shareKeys = keys.shareKeys.flatMap((key) => BlsPublicKey.fromBytes(key) ?? []);
  if (groupKey === undefined || shareKeys.length !== members) return undefined;
  const shares: SignatureShare[] = [...good.values()].map(({ seat, share }) => ({ seat, share }));
  const combined = new ThresholdKey(groupKey, shareKeys, quorum(members)).combine(hash, shares);
  const aggregate = aggregateSignatures([...good.values()].map(({ registered }) => registered));
  if (!("signature" in combined) || aggregate === undefined) return undefined;
  const call = {
    groupKey: publicKeyToEip2537(keys.groupKey),
    aggregate: signatureToEip2537(aggregate),
    threshold: signatureToEip2537(combined.signature),
  };
  if (!call.groupKey || !call.aggregate || !call.threshold) return undefined;
  return {
    groupKey: call.groupKey,
    keysHash: keysHash(keys.shareKeys),
    signers: seatBitmap(good.keys()),
    aggregate: call.aggregate,
    threshold: call.threshold,
  };
}
