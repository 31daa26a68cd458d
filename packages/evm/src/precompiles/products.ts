import type { PairingCurve, PointGroup } from "./pairing-curve.ts";
import { SLOTS } from "./pairing-curve.ts";

/** Where sums grow while the slots below are filled again. */
const SUM = SLOTS;
const PART = SLOTS + 1;
const SCALAR_BYTES = 32;

/** The sum of points times scalars, one behind the other; undefined where a point is none of the group. */
export function sumOfProducts(curve: PairingCurve, group: PointGroup, input: Uint8Array): Uint8Array | undefined {
  const each = group.pointBytes + SCALAR_BYTES;
  group.load(SUM, new Uint8Array(group.pointBytes));
  let slot = 0;
  const flush = (): void => {
    if (slot === 0) return;
    group.sumOfProducts(PART, slot);
    group.add(SUM, SUM, PART);
    slot = 0;
  };
  for (let at = 0; at < input.length; at += each) {
    const scalarAt = at + group.pointBytes;
    if (!group.load(slot, input.subarray(at, scalarAt)) || !group.inSubgroup(slot)) return undefined;
    if (group.isInfinity(slot)) continue;
    curve.loadScalar(slot, input.subarray(scalarAt, at + each));
    if (++slot === SLOTS) flush();
  }
  flush();
  return group.store(SUM);
}

/** Whether the product of pairings is 1; undefined where a point is none of its group. */
export function pairingProductIsOne(curve: PairingCurve, input: Uint8Array): boolean | undefined {
  const { g1, g2 } = curve;
  const each = g1.pointBytes + g2.pointBytes;
  curve.beginProduct();
  let pairs = 0;
  let slot = 0;
  for (let at = 0; at < input.length; at += each) {
    if (!g1.load(slot, input.subarray(at, at + g1.pointBytes)) || !g1.inSubgroup(slot)) return undefined;
    if (!g2.load(slot, input.subarray(at + g1.pointBytes, at + each)) || !g2.inSubgroup(slot)) return undefined;
    // A pairing with infinity is 1.
    if (g1.isInfinity(slot) || g2.isInfinity(slot)) continue;
    pairs++;
    if (++slot < SLOTS) continue;
    curve.multiplyPairings(slot);
    slot = 0;
  }
  curve.multiplyPairings(slot);
  return pairs === 0 || curve.productIsOne();
}
