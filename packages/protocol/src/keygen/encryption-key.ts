import { concat, uint } from "../bytes/bytes.ts";
import { decodeG1, encodeG1, type G1Point, multiplyBase, multiplyBaseBytes, multiplyPublic } from "../crypto/g1.ts";
import {
  type HashContext,
  hashToScalar,
  randomScalar,
  reduce,
  scalarFromBytes,
  scalarToBytes,
} from "../crypto/scalar.ts";
import type { EncryptionKey } from "../ports/key-vault.ts";

/** Random bytes of the asked length. An argument, because this package draws none itself. */
export type Random = (length: number) => Uint8Array;

/** c ‖ z. */
export const PROOF_BYTES = 64;

/** E_j = e_j G, fresh for one epoch and seat, with its secret e_j (32 bytes). */
export function makeEncryptionKey(
  context: HashContext,
  seat: number,
  random: Random,
): EncryptionKey & { readonly secret: Uint8Array } {
  const e = randomScalar(random);
  const w = randomScalar(random);
  const key = multiplyBaseBytes(e);
  const c = challenge(context, seat, key, multiplyBaseBytes(w));
  return { secret: scalarToBytes(e), key, proof: concat(scalarToBytes(c), scalarToBytes(reduce(w + c * e))) };
}

/** Whether the key is a good point and its poster knew its secret. The contract checks the same. */
export function verifyEncryptionKey(context: HashContext, seat: number, { key, proof }: EncryptionKey): boolean {
  const point = decodeG1(key);
  const parts = parseProof(proof);
  if (point === undefined || parts === undefined) return false;
  return parts.challenge === challenge(context, seat, key, encodeG1(commitment(point, parts)));
}

export type Proof = { readonly challenge: bigint; readonly response: bigint };

/** c ‖ z, both below r; otherwise undefined. */
export function parseProof(bytes: Uint8Array): Proof | undefined {
  if (bytes.length !== PROOF_BYTES) return undefined;
  const c = scalarFromBytes(bytes.subarray(0, 32));
  const z = scalarFromBytes(bytes.subarray(32));
  return c === undefined || z === undefined ? undefined : { challenge: c, response: z };
}

/** T = zG - cX of a Schnorr proof for the discrete logarithm of X. */
export function commitment(point: G1Point, proof: Proof): G1Point {
  return multiplyBase(proof.response).subtract(multiplyPublic(point, proof.challenge));
}

function challenge(context: HashContext, seat: number, key: Uint8Array, t: Uint8Array): bigint {
  return hashToScalar("enc-key", context, uint(seat, 2), key, t);
}
