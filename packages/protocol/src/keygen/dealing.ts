import { concat, toBigInt, uint } from "../bytes/bytes.ts";
import { Reader } from "../bytes/reader.ts";
import { decodeG1, encodeG1, G1_BYTES, type G1Point, multiplyBaseBytes, multiplySecret } from "../crypto/g1.ts";
import {
  coordinate,
  evaluate,
  type HashContext,
  hashToScalar,
  ORDER,
  randomScalar,
  reduce,
  scalarToBytes,
} from "../crypto/scalar.ts";
import { MAX_MEMBERS, quorum } from "../quorum.ts";
import { PROOF_BYTES, type Random } from "./encryption-key.ts";

/** One dealer's contribution as it stands in calldata; scalars are below r, points only have canonical bytes. */
export type Dealing = {
  /** R = rho G, compressed. */
  readonly nonce: Uint8Array;
  /** Of the knowledge of rho, bound to dealer and commitments, so that nobody deals under another's R. */
  readonly challenge: bigint;
  readonly response: bigint;
  /** A_0..A_{q-1}, compressed. */
  readonly commitments: readonly Uint8Array[];
  /** ct_0..ct_{N-1}; 0 for a seat that did not accept. */
  readonly ciphertexts: readonly bigint[];
};

const P = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;

/** Bytes of a dealing to `members` seats: R ‖ c ‖ z ‖ A_k ‖ ct_j. 1 152 for 16; 4 224 for 64. */
export function dealingBytes(members: number): number {
  return G1_BYTES + PROOF_BYTES + G1_BYTES * quorum(members) + 32 * members;
}

/**
 * A dealing of a fresh random secret. Nothing of the polynomial has to be kept: the own share is in the dealing too.
 * `encryptionKeys` by seat, empty for a seat that did not accept; undefined where one is not a good point.
 */
export function makeDealing(
  context: HashContext,
  dealer: number,
  encryptionKeys: readonly Uint8Array[],
  random: Random,
): Uint8Array | undefined {
  return dealSecret(context, dealer, randomScalar(random), encryptionKeys, random);
}

/** A dealing of the given secret, which is not 0 modulo r, by a random polynomial with it as constant term. */
export function dealSecret(
  context: HashContext,
  dealer: number,
  secret: bigint,
  encryptionKeys: readonly Uint8Array[],
  random: Random,
): Uint8Array | undefined {
  const members = encryptionKeys.length;
  if (members < 1 || members > MAX_MEMBERS) return undefined;
  const polynomial = [secret, ...Array.from({ length: quorum(members) - 1 }, () => randomScalar(random))];
  const rho = randomScalar(random);
  const w = randomScalar(random);
  const nonce = multiplyBaseBytes(rho);
  const commitments = polynomial.map((coefficient) => multiplyBaseBytes(coefficient));
  const c = dealingChallenge(context, dealer, nonce, commitments, multiplyBaseBytes(w));
  const ciphertexts: bigint[] = [];
  for (const [seat, key] of encryptionKeys.entries()) {
    if (key.length === 0) {
      ciphertexts.push(0n);
      continue;
    }
    const point = decodeG1(key);
    if (point === undefined) return undefined;
    const shared = encodeG1(multiplySecret(point, rho));
    const pad = sharePad(context, dealer, seat, nonce, key, shared);
    ciphertexts.push(reduce(evaluate(polynomial, coordinate(seat)) + pad));
  }
  return encodeDealing({ nonce, challenge: c, response: reduce(w + c * rho), commitments, ciphertexts });
}

export function encodeDealing(dealing: Dealing): Uint8Array {
  return concat(
    dealing.nonce,
    scalarToBytes(dealing.challenge),
    scalarToBytes(dealing.response),
    ...dealing.commitments,
    ...dealing.ciphertexts.map(scalarToBytes),
  );
}

/** Undefined where the length is wrong, a scalar is not below r or a point is not canonical: the contract refuses just those. */
export function decodeDealing(bytes: Uint8Array, members: number): Dealing | undefined {
  if (members < 1 || members > MAX_MEMBERS || bytes.length !== dealingBytes(members)) return undefined;
  const reader = new Reader(bytes);
  const nonce = reader.bytes(G1_BYTES).slice();
  const challenge = toBigInt(reader.bytes(32));
  const response = toBigInt(reader.bytes(32));
  const commitments = Array.from({ length: quorum(members) }, () => reader.bytes(G1_BYTES).slice());
  const ciphertexts = Array.from({ length: members }, () => toBigInt(reader.bytes(32)));
  if (![nonce, ...commitments].every(canonicalPoint)) return undefined;
  if (![challenge, response, ...ciphertexts].every((scalar) => scalar < ORDER)) return undefined;
  return { nonce, challenge, response, commitments, ciphertexts };
}

/** c of the proof of knowledge of rho. */
export function dealingChallenge(
  context: HashContext,
  dealer: number,
  nonce: Uint8Array,
  commitments: readonly Uint8Array[],
  t: Uint8Array,
): bigint {
  return hashToScalar("dealing-pok", context, uint(dealer, 2), nonce, ...commitments, t);
}

/** The one-time pad of a share: a hash of the Diffie-Hellman value S. */
export function sharePad(
  context: HashContext,
  dealer: number,
  seat: number,
  nonce: Uint8Array,
  encryptionKey: Uint8Array,
  shared: Uint8Array,
): bigint {
  return hashToScalar("share-key", context, uint(dealer, 2), uint(seat, 2), nonce, encryptionKey, shared);
}

/** All points of a dealing, or the index of the first that is off the curve or outside the subgroup (0: R, k+1: A_k). */
export function decodePoints(
  dealing: Dealing,
): { readonly nonce: G1Point; readonly commitments: readonly G1Point[] } | { readonly bad: number } {
  const nonce = decodeG1(dealing.nonce);
  if (nonce === undefined) return { bad: 0 };
  const commitments: G1Point[] = [];
  for (const bytes of dealing.commitments) {
    const point = decodeG1(bytes);
    if (point === undefined) return { bad: commitments.length + 1 };
    commitments.push(point);
  }
  return { nonce, commitments };
}

/** Flags of a finite compressed point and x below p. */
function canonicalPoint(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  if ((first & 0xc0) !== 0x80) return false;
  return toBigInt(Uint8Array.of(first & 0x1f, ...bytes.subarray(1))) < P;
}
