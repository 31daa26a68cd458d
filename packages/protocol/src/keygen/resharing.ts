import { equal } from "../bytes/bytes.ts";
import { BlsSecretKey } from "../crypto/bls.ts";
import { G1_ZERO, type G1Point, multiplyPublic } from "../crypto/g1.ts";
import {
  type HashContext,
  invert,
  ORDER,
  rationalLagrangeAtZero,
  reduce,
  scalarFromBytes,
  scalarToBytes,
} from "../crypto/scalar.ts";
import type { PostedDealing, ResharingVerdict } from "../ports/key-vault.ts";
import { MAX_MEMBERS, quorum } from "../quorum.ts";
import { judgeDealing, type Opener, openDealing } from "./complaint.ts";
import { dealSecret, decodeDealing, decodePoints } from "./dealing.ts";
import type { Random } from "./encryption-key.ts";
import { type GroupKeys, keysOfPolynomial } from "./group-keys.ts";

// consensus.md 13, "Reshare": members of the old committee deal their own shares to the new one, whose size may differ.
// f_i has the new committee's degree and f_i(0) = s_i, and Lagrange over exactly q old seats puts the f_i together to a
// polynomial with the group's secret at 0 and nothing else in common with the old one. `context` is that of the new
// epoch in everything here; dealers are seats of the old committee, openers seats of the new one.

/**
 * The dealing of an old share (32 bytes) to the new committee's encryption keys, by seat, empty for a seat that did not
 * accept. Undefined where the share is no scalar above 0 or a key no good point.
 */
export function makeResharing(
  context: HashContext,
  dealer: number,
  oldShare: Uint8Array,
  encryptionKeys: readonly Uint8Array[],
  random: Random,
): Uint8Array | undefined {
  const secret = scalarFromBytes(oldShare);
  if (secret === undefined || secret === 0n) return undefined;
  return dealSecret(context, dealer, secret, encryptionKeys, random);
}

/**
 * Q: the q lowest seats of those that dealt and were not convicted, ascending, q being the old committee's quorum.
 * Everybody must interpolate over the same set, and through one point more or less another polynomial passes.
 * Undefined while they are fewer.
 */
export function qualifiedDealers(unconvicted: readonly number[], oldMembers: number): readonly number[] | undefined {
  const seats = [...new Set(unconvicted)].filter((seat) => validSeat(seat, oldMembers)).sort((a, b) => a - b);
  return seats.length < quorum(oldMembers) ? undefined : seats.slice(0, quorum(oldMembers));
}

/**
 * Opens a dealing for one new seat. `constant` names a dealer whose A_0 is not its old Y_i: it deals another secret than
 * its share, which would change the group key or, unnoticed, break every signature.
 */
export function judgeResharing(
  context: HashContext,
  previous: GroupKeys,
  posted: PostedDealing,
  members: number,
  opener: Opener,
  random: Random,
): ResharingVerdict {
  const { dealer } = posted;
  if (breaksConstant(previous, posted, members)) return { kind: "bad", dealer, complaint: { kind: "constant" } };
  return judgeDealing(context, posted, members, opener, random);
}

/** What the contract decides about a `constant` complaint: whether A_0 differs from the dealer's old share key. */
export function breaksConstant(previous: GroupKeys, posted: PostedDealing, members: number): boolean {
  const constant = decodeDealing(posted.dealing, members)?.commitments[0];
  const expected = previous.shareKeys[posted.dealer];
  return constant !== undefined && expected !== undefined && !equal(constant, expected);
}

/**
 * PK and Y'_j = sum_Q lambda_i sum_k x'_j^k A_ik for the `members` seats of the new committee. Undefined where the
 * dealers are not q distinct old seats, one is malformed or of another secret, or the previous keys do not give PK.
 */
export function combineResharing(
  previous: GroupKeys,
  qualified: readonly PostedDealing[],
  members: number,
): GroupKeys | undefined {
  const commitments: (readonly G1Point[])[] = [];
  for (const posted of qualified) {
    const decoded = decodeDealing(posted.dealing, members);
    const points = decoded && decodePoints(decoded);
    if (points === undefined || "bad" in points || breaksConstant(previous, posted, members)) return undefined;
    commitments.push(points.commitments);
  }
  return interpolateKeys(previous, qualified, commitments, members);
}

/**
 * The new share s'_j = sum_Q lambda_i f_i(x'_j), checked against Y'_j. Undefined where `combineResharing` refuses or a
 * dealing is bad for this seat, which the court would have convicted, so that its dealer is not qualified.
 */
export function acceptResharing(
  context: HashContext,
  previous: GroupKeys,
  qualified: readonly PostedDealing[],
  members: number,
  opener: Opener,
  random: Random,
): (GroupKeys & { readonly share: BlsSecretKey }) | undefined {
  const commitments: (readonly G1Point[])[] = [];
  const parts: bigint[] = [];
  for (const posted of qualified) {
    if (breaksConstant(previous, posted, members)) return undefined;
    const opened = openDealing(context, posted, members, opener, random);
    if (opened.kind !== "good") return undefined;
    commitments.push(opened.commitments);
    parts.push(opened.share);
  }
  const keys = interpolateKeys(previous, qualified, commitments, members);
  if (keys === undefined) return undefined;
  const { numerators, denominator } = rationalLagrangeAtZero(qualified.map(({ dealer }) => dealer));
  const sum = parts.reduce((total, part, i) => reduce(total + (numerators[i] ?? 0n) * part), 0n);
  const share = BlsSecretKey.fromBytes(scalarToBytes(reduce(sum * invert(denominator))));
  const expected = keys.shareKeys[opener.seat];
  if (share === undefined || expected === undefined || !equal(share.publicKey.bytes, expected)) return undefined;
  return { ...keys, share };
}

/** Lagrange in the exponent, coefficient by coefficient: small numerators first, one whole scalar at the end. */
function interpolateKeys(
  previous: GroupKeys,
  qualified: readonly PostedDealing[],
  commitments: readonly (readonly G1Point[])[],
  members: number,
): GroupKeys | undefined {
  const dealers = qualified.map(({ dealer }) => dealer);
  const oldMembers = previous.shareKeys.length;
  if (members < 1 || members > MAX_MEMBERS || !exactQuorum(dealers, oldMembers)) return undefined;
  const { numerators, denominator } = rationalLagrangeAtZero(dealers);
  const inverse = invert(denominator);
  const combined = Array.from({ length: quorum(members) }, (_, k) => {
    const sum = commitments.reduce(
      (total, points, i) => total.add(multiplySigned(points[k] ?? G1_ZERO, numerators[i] ?? 0n)),
      G1_ZERO,
    );
    return multiplyPublic(sum, inverse);
  });
  const keys = keysOfPolynomial(combined, members);
  return keys !== undefined && equal(keys.groupKey, previous.groupKey) ? keys : undefined;
}

function multiplySigned(point: G1Point, scalar: bigint): G1Point {
  return scalar < 0n ? multiplyPublic(point.negate(), -scalar % ORDER) : multiplyPublic(point, scalar);
}

function exactQuorum(dealers: readonly number[], oldMembers: number): boolean {
  if (oldMembers < 1 || oldMembers > MAX_MEMBERS || dealers.length !== quorum(oldMembers)) return false;
  return new Set(dealers).size === dealers.length && dealers.every((seat) => validSeat(seat, oldMembers));
}

function validSeat(seat: number, members: number): boolean {
  return Number.isInteger(seat) && seat >= 0 && seat < members;
}
