import { BlsPublicKey } from "../crypto/bls.ts";
import { encodeG1, evaluateInExponent, G1_ZERO, type G1Point } from "../crypto/g1.ts";
import { coordinate } from "../crypto/scalar.ts";

/** The public side of a threshold key; anyone computes it from the qualified dealings. */
export type GroupKeys = {
  /** PK, compressed. */
  readonly groupKey: Uint8Array;
  /** Y_j by seat, compressed. */
  readonly shareKeys: readonly Uint8Array[];
};

/**
 * PK = C_0 and Y_j = sum_k x_j^k C_k, for the commitments C_k to the coefficients of the polynomial that the key's shares
 * lie on. Undefined where (never by chance) a key is infinity.
 */
export function keysOfPolynomial(commitments: readonly G1Point[], members: number): GroupKeys | undefined {
  const groupKey = encodeG1(commitments[0] ?? G1_ZERO);
  const shareKeys = Array.from({ length: members }, (_, seat) =>
    encodeG1(evaluateInExponent(commitments, coordinate(seat))),
  );
  return [groupKey, ...shareKeys].every((key) => BlsPublicKey.fromBytes(key)) ? { groupKey, shareKeys } : undefined;
}
