import * as blst from "@chainsafe/blst";
import { type BlsPublicKey, SIGNATURE_BYTES } from "./bls.ts";
import { invert, ORDER, rationalLagrangeAtZero } from "./scalar.ts";

/** One member's signature with its key share. */
export type SignatureShare = { readonly seat: number; readonly share: Uint8Array };

/** Either the signature, checked under the group key, or the seats whose shares are malformed or wrong. */
export type CombineResult = { readonly signature: Uint8Array } | { readonly faulty: readonly number[] };

/** The public side of one threshold key: who signed what, and the one signature that q of them make. */
export class ThresholdKey {
  readonly groupKey: BlsPublicKey;
  /** Y_j by seat. */
  readonly shareKeys: readonly BlsPublicKey[];
  readonly threshold: number;

  constructor(groupKey: BlsPublicKey, shareKeys: readonly BlsPublicKey[], threshold: number) {
    if (threshold < 1 || threshold > shareKeys.length) throw new RangeError("threshold outside 1..N");
    this.groupKey = groupKey;
    this.shareKeys = shareKeys;
    this.threshold = threshold;
  }

  /** Whether the share is the seat's over the digest. */
  verifyShare(digest: Uint8Array, { seat, share }: SignatureShare): boolean {
    return this.shareKeys[seat]?.verify(digest, share) ?? false;
  }

  /**
   * Combines the first `threshold` of the shares and checks the result; only where that fails are all shares checked
   * singly. With fewer than `threshold` shares, or seats that repeat, no signature comes of it and `faulty` may be empty.
   */
  combine(digest: Uint8Array, shares: readonly SignatureShare[]): CombineResult {
    const signature = combineShares(shares.slice(0, this.threshold), this.threshold);
    if (signature !== undefined && this.groupKey.verify(digest, signature)) return { signature };
    return { faulty: shares.filter((share) => !this.verifyShare(digest, share)).map(({ seat }) => seat) };
  }
}

/**
 * The signature under the group key from exactly `threshold` shares of distinct seats: Lagrange at 0 in the exponent.
 * Undefined where a share is malformed; neither the shares' subgroup nor the result is checked. The coefficients are
 * small integers over one denominator, so that only two points are multiplied by a whole scalar.
 */
export function combineShares(shares: readonly SignatureShare[], threshold: number): Uint8Array | undefined {
  if (shares.length !== threshold || threshold < 1) return undefined;
  const seats = shares.map(({ seat }) => seat);
  if (new Set(seats).size !== seats.length) return undefined;
  const { numerators, denominator } = rationalLagrangeAtZero(seats);
  const signs: Record<"plus" | "minus", { readonly points: blst.Signature[]; readonly scalars: bigint[] }> = {
    plus: { points: [], scalars: [] },
    minus: { points: [], scalars: [] },
  };
  for (const [i, { share }] of shares.entries()) {
    const point = curvePoint(share);
    const numerator = numerators[i] ?? 0n;
    if (point === undefined) return undefined;
    const { points, scalars } = numerator < 0n ? signs.minus : signs.plus;
    points.push(point);
    scalars.push(numerator < 0n ? -numerator : numerator);
  }
  const inverse = invert(denominator);
  const sums: blst.Signature[] = [];
  const factors: bigint[] = [];
  for (const [{ points, scalars }, factor] of [
    [signs.plus, inverse],
    [signs.minus, ORDER - inverse],
  ] as const) {
    if (points.length === 0) continue;
    sums.push(multiplyAndSum(points, scalars));
    factors.push(factor);
  }
  return multiplyAndSum(sums, factors).toBytes(true);
}

/** A point of the curve; not necessarily of the subgroup. */
function curvePoint(bytes: Uint8Array): blst.Signature | undefined {
  if (bytes.length !== SIGNATURE_BYTES) return undefined;
  try {
    return blst.Signature.fromBytes(bytes, false);
  } catch {
    return undefined;
  }
}

/** Straus: all points share the doublings; two bits of every scalar a step. blst's binding adds, but does not multiply. */
function multiplyAndSum(points: readonly blst.Signature[], scalars: readonly bigint[]): blst.Signature {
  const tables = points.map((point) => {
    const double = blst.aggregateSignatures([point, point]);
    return [point, double, blst.aggregateSignatures([double, point])] as const;
  });
  const windows = Math.max(...scalars.map((scalar) => scalar.toString(4).length));
  const digits = scalars.map((scalar) => scalar.toString(4).padStart(windows, "0"));
  let sum: blst.Signature | undefined;
  for (let window = 0; window < windows; window++) {
    const terms: blst.Signature[] = sum === undefined ? [] : [sum, sum, sum, sum];
    for (const [i, table] of tables.entries()) {
      const entry = table[(digits[i]?.charCodeAt(window) ?? 48) - 49];
      if (entry !== undefined) terms.push(entry);
    }
    if (terms.length > 0) sum = blst.aggregateSignatures(terms);
  }
  if (sum === undefined) throw new RangeError("all scalars are 0");
  return sum;
}
