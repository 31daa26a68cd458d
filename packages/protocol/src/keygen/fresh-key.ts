import { BlsSecretKey } from "../crypto/bls.ts";
import { G1_ZERO, type G1Point } from "../crypto/g1.ts";
import { type HashContext, reduce, scalarToBytes } from "../crypto/scalar.ts";
import type { PostedDealing } from "../ports/key-vault.ts";
import { quorum } from "../quorum.ts";
import { type Opener, openDealing } from "./complaint.ts";
import { decodeDealing, decodePoints } from "./dealing.ts";
import type { Random } from "./encryption-key.ts";
import { type GroupKeys, keysOfPolynomial } from "./group-keys.ts";

/**
 * PK = sum of A_i0 and Y_j = sum_k x_j^k sum_i A_ik over the qualified dealings. Undefined where one is malformed, a dealer
 * occurs twice, there are fewer than q, or (never by chance) a sum is infinity.
 */
export function sumCommitments(qualified: readonly PostedDealing[], members: number): GroupKeys | undefined {
  const dealings: (readonly G1Point[])[] = [];
  for (const { dealing } of qualified) {
    const decoded = decodeDealing(dealing, members);
    const points = decoded && decodePoints(decoded);
    if (points === undefined || "bad" in points) return undefined;
    dealings.push(points.commitments);
  }
  if (!distinctQuorum(qualified, members)) return undefined;
  return keysOf(dealings, members);
}

/**
 * The own share, summed over the qualified dealings and checked against Y_seat; undefined where any dealing is bad for
 * this seat, which the court would have convicted, so that its dealer is not qualified.
 */
export function acceptDealings(
  context: HashContext,
  qualified: readonly PostedDealing[],
  members: number,
  opener: Opener,
  random: Random,
): (GroupKeys & { readonly share: BlsSecretKey }) | undefined {
  if (!distinctQuorum(qualified, members)) return undefined;
  const dealings: (readonly G1Point[])[] = [];
  let sum = 0n;
  for (const posted of qualified) {
    const opened = openDealing(context, posted, members, opener, random);
    if (opened.kind !== "good") return undefined;
    sum = reduce(sum + opened.share);
    dealings.push(opened.commitments);
  }
  const keys = keysOf(dealings, members);
  const share = BlsSecretKey.fromBytes(scalarToBytes(sum));
  const expected = keys?.shareKeys[opener.seat];
  if (keys === undefined || share === undefined || expected === undefined) return undefined;
  const same = share.publicKey.bytes.every((byte, i) => byte === expected[i]);
  return same ? { ...keys, share } : undefined;
}

function distinctQuorum(qualified: readonly PostedDealing[], members: number): boolean {
  const dealers = new Set(qualified.map(({ dealer }) => dealer));
  if (dealers.size !== qualified.length || dealers.size < quorum(members)) return false;
  return qualified.every(({ dealer }) => Number.isInteger(dealer) && dealer >= 0 && dealer < members);
}

function keysOf(dealings: readonly (readonly G1Point[])[], members: number): GroupKeys | undefined {
  const sums = Array.from({ length: quorum(members) }, (_, k) =>
    dealings.reduce((sum, commitments) => sum.add(commitments[k] ?? G1_ZERO), G1_ZERO),
  );
  return keysOfPolynomial(sums, members);
}
