import { uint } from "../bytes/bytes.ts";
import {
  decodeG1,
  encodeG1,
  evaluateInExponent,
  type G1Point,
  multiplyBase,
  multiplyBaseBytes,
  multiplyPublic,
  multiplySecret,
} from "../crypto/g1.ts";
import {
  coordinate,
  type HashContext,
  hashToScalar,
  randomScalar,
  reduce,
  scalarFromBytes,
  scalarToBytes,
} from "../crypto/scalar.ts";
import type { Complaint, DealingVerdict, PostedDealing } from "../ports/key-vault.ts";
import { type Dealing, dealingChallenge, decodeDealing, decodePoints, sharePad } from "./dealing.ts";
import { commitment, type Random } from "./encryption-key.ts";

/** What one seat found in one dealing: the share (a scalar modulo r), or what convicts the dealer. */
export type Opened =
  | { readonly kind: "good"; readonly share: bigint; readonly commitments: readonly G1Point[] }
  | { readonly kind: "bad"; readonly complaint: Complaint };

/** Who opens: its seat, its encryption key and the secret of it (32 bytes). */
export type Opener = { readonly seat: number; readonly key: Uint8Array; readonly secret: Uint8Array };

/**
 * Opens a dealing for one seat and checks it: points, proof of knowledge, share, in this order. A share is complained about
 * only after the proof held: the complaint reveals S, which under a copied R would open an honest dealer's share.
 * `random` is drawn for a share complaint's proof only.
 */
export function openDealing(
  context: HashContext,
  posted: PostedDealing,
  members: number,
  opener: Opener,
  random: Random,
): Opened {
  const dealing = decodeDealing(posted.dealing, members);
  // The contract takes no such dealing, so this one was not read from it; the complaint leads nowhere but harms nobody.
  if (dealing === undefined) return { kind: "bad", complaint: { kind: "encoding", index: 0 } };
  const points = decodePoints(dealing);
  if ("bad" in points) return { kind: "bad", complaint: { kind: "encoding", index: points.bad } };
  if (!proofHolds(context, posted.dealer, dealing, points.nonce)) return { kind: "bad", complaint: { kind: "proof" } };
  const e = scalarFromBytes(opener.secret);
  if (e === undefined || e === 0n) throw new RangeError("the secret of an encryption key is a scalar above 0");
  const shared = multiplySecret(points.nonce, e);
  const sharedBytes = encodeG1(shared);
  const pad = sharePad(context, posted.dealer, opener.seat, dealing.nonce, opener.key, sharedBytes);
  const share = reduce((dealing.ciphertexts[opener.seat] ?? 0n) - pad);
  if (multiplyBase(share).equals(evaluateInExponent(points.commitments, coordinate(opener.seat)))) {
    return { kind: "good", share, commitments: points.commitments };
  }
  const w = randomScalar(random);
  const t1 = multiplyBaseBytes(w);
  const t2 = encodeG1(multiplySecret(points.nonce, w));
  const c = dleqChallenge(context, posted.dealer, opener.seat, [dealing.nonce, opener.key, sharedBytes, t1, t2]);
  return {
    kind: "bad",
    complaint: {
      kind: "share",
      shared: sharedBytes,
      challenge: scalarToBytes(c),
      response: scalarToBytes(reduce(w + c * e)),
    },
  };
}

/** `openDealing` without the share. */
export function judgeDealing(
  context: HashContext,
  posted: PostedDealing,
  members: number,
  opener: Opener,
  random: Random,
): DealingVerdict {
  const opened = openDealing(context, posted, members, opener, random);
  const { dealer } = posted;
  return opened.kind === "good" ? { kind: "good", dealer } : { kind: "bad", dealer, complaint: opened.complaint };
}

/** What the contract's court decides: whether the complaint of `accuser` (seat and encryption key) convicts the dealer. */
export function convicts(
  context: HashContext,
  posted: PostedDealing,
  members: number,
  accuser: { readonly seat: number; readonly key: Uint8Array },
  complaint: Complaint,
): boolean {
  const dealing = decodeDealing(posted.dealing, members);
  if (dealing === undefined) return false;
  if (complaint.kind === "encoding") {
    const bytes = [dealing.nonce, ...dealing.commitments][complaint.index];
    return bytes !== undefined && decodeG1(bytes) === undefined;
  }
  if (complaint.kind === "proof") {
    const nonce = decodeG1(dealing.nonce);
    return nonce !== undefined && !proofHolds(context, posted.dealer, dealing, nonce);
  }
  return shareIsBad(context, posted.dealer, dealing, accuser, complaint);
}

function shareIsBad(
  context: HashContext,
  dealer: number,
  dealing: Dealing,
  accuser: { readonly seat: number; readonly key: Uint8Array },
  complaint: Extract<Complaint, { kind: "share" }>,
): boolean {
  const points = decodePoints(dealing);
  const key = decodeG1(accuser.key);
  const shared = decodeG1(complaint.shared);
  const c = scalarFromBytes(complaint.challenge);
  const z = scalarFromBytes(complaint.response);
  const ciphertext = dealing.ciphertexts[accuser.seat];
  if ("bad" in points || !key || !shared || c === undefined || z === undefined || ciphertext === undefined)
    return false;
  const t1 = commitment(key, { challenge: c, response: z });
  const t2 = multiplyPublic(points.nonce, z).subtract(multiplyPublic(shared, c));
  const transcript = [dealing.nonce, accuser.key, complaint.shared, encodeG1(t1), encodeG1(t2)];
  if (c !== dleqChallenge(context, dealer, accuser.seat, transcript)) return false;
  const share = reduce(
    ciphertext - sharePad(context, dealer, accuser.seat, dealing.nonce, accuser.key, complaint.shared),
  );
  return !multiplyBase(share).equals(evaluateInExponent(points.commitments, coordinate(accuser.seat)));
}

function proofHolds(context: HashContext, dealer: number, dealing: Dealing, nonce: G1Point): boolean {
  const t = encodeG1(commitment(nonce, dealing));
  return dealing.challenge === dealingChallenge(context, dealer, dealing.nonce, dealing.commitments, t);
}

/** c of the proof that log_G(E_j) = log_R(S); the transcript is R, E_j, S, T1, T2. */
function dleqChallenge(
  context: HashContext,
  dealer: number,
  accuser: number,
  transcript: readonly Uint8Array[],
): bigint {
  return hashToScalar("dleq", context, uint(dealer, 2), uint(accuser, 2), ...transcript);
}
