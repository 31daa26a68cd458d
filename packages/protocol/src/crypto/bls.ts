import * as blst from "@chainsafe/blst";
import { plainDigest } from "./digest.ts";

// BLS signatures over 32-byte digests: public keys in G1 (48 bytes), signatures in G2 (96 bytes), ciphersuite
// BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_. Every point from outside is checked for curve, subgroup and infinity where it
// enters; malformed input gives undefined or false, never an exception.

export const PUBLIC_KEY_BYTES = 48;
export const SIGNATURE_BYTES = 96;
export const DIGEST_BYTES = 32;

/** A secret key or key share. Its bytes leave only by `toBytes`, for the vault. */
export class BlsSecretKey {
  readonly #key: blst.SecretKey;
  readonly publicKey: BlsPublicKey;

  private constructor(key: blst.SecretKey) {
    this.#key = key;
    this.publicKey = BlsPublicKey.of(key.toPublicKey());
  }

  /** 32 bytes big-endian, above 0 and below r; otherwise undefined. */
  static fromBytes(bytes: Uint8Array): BlsSecretKey | undefined {
    if (bytes.length !== 32) return undefined;
    try {
      return new BlsSecretKey(blst.SecretKey.fromBytes(bytes));
    } catch {
      return undefined;
    }
  }

  /** From at least 32 random bytes, by the key derivation of the BLS standard. */
  static generate(random: (length: number) => Uint8Array): BlsSecretKey {
    return new BlsSecretKey(blst.SecretKey.fromKeygen(random(32)));
  }

  toBytes(): Uint8Array {
    return this.#key.toBytes();
  }

  /** 96 bytes; 0.4 ms. */
  sign(digest: Uint8Array): Uint8Array {
    if (digest.length !== DIGEST_BYTES) throw new RangeError("BLS signs digests of 32 bytes");
    return this.#key.sign(digest).toBytes(true);
  }
}

/** A public key that passed the checks: not infinity, in the subgroup. */
export class BlsPublicKey {
  readonly #key: blst.PublicKey;
  /** Compressed, 48 bytes. */
  readonly bytes: Uint8Array;

  private constructor(key: blst.PublicKey) {
    this.#key = key;
    this.bytes = key.toBytes(true);
  }

  static of(key: blst.PublicKey): BlsPublicKey {
    return new BlsPublicKey(key);
  }

  static fromBytes(bytes: Uint8Array): BlsPublicKey | undefined {
    if (bytes.length !== PUBLIC_KEY_BYTES) return undefined;
    try {
      return new BlsPublicKey(blst.PublicKey.fromBytes(bytes, true));
    } catch {
      return undefined;
    }
  }

  /**
   * The sum of keys, each with its proof of possession checked before; undefined for none or where they sum to infinity.
   * A key may occur twice.
   */
  static aggregate(keys: readonly BlsPublicKey[]): BlsPublicKey | undefined {
    if (keys.length === 0) return undefined;
    try {
      const sum = blst.aggregatePublicKeys(keys.map((key) => key.#key));
      sum.keyValidate();
      return new BlsPublicKey(sum);
    } catch {
      return undefined;
    }
  }

  /** Whether the signature is this key's over the digest; 1.3 ms. */
  verify(digest: Uint8Array, signature: Uint8Array): boolean {
    const point = decodeSignature(signature);
    if (point === undefined || digest.length !== DIGEST_BYTES) return false;
    return blst.verify(digest, this.#key, point, false, false);
  }

  /**
   * Whether all signatures are this key's over their digests: one check with random weights that blst draws (0.5 ms
   * each at 16). False says only that at least one is bad.
   */
  verifyBatch(items: readonly SignedDigest[]): boolean {
    if (items.length === 0) return true;
    const sets: blst.SignatureSet[] = [];
    for (const { digest, signature } of items) {
      const sig = decodeSignature(signature);
      if (sig === undefined || digest.length !== DIGEST_BYTES) return false;
      sets.push({ msg: digest, pk: this.#key, sig });
    }
    return blst.verifyMultipleAggregateSignatures(sets, false, false);
  }

  /** Whether each of `keys[i]` signed the one digest as `signatures[i]`: one check with random weights. */
  static verifySame(digest: Uint8Array, keys: readonly BlsPublicKey[], signatures: readonly Uint8Array[]): boolean {
    if (keys.length !== signatures.length || digest.length !== DIGEST_BYTES) return false;
    if (keys.length === 0) return true;
    if (signatures.some((sig) => sig.length !== SIGNATURE_BYTES)) return false;
    try {
      const sets = keys.map((key, i) => ({ pk: key.#key, sig: signatures[i] ?? new Uint8Array(0) }));
      const { pk, sig } = blst.aggregateWithRandomness(sets);
      return blst.verify(digest, pk, sig, false, false);
    } catch {
      return false;
    }
  }
}

export type SignedDigest = { readonly digest: Uint8Array; readonly signature: Uint8Array };

/** The point of 96 bytes, in the subgroup and not infinity, or undefined. */
export function decodeSignature(bytes: Uint8Array): blst.Signature | undefined {
  if (bytes.length !== SIGNATURE_BYTES) return undefined;
  try {
    return blst.Signature.fromBytes(bytes, true, true);
  } catch {
    return undefined;
  }
}

/** The sum of signatures (for `settle` and `ready`, checked under the sum of registered keys); undefined where one is malformed. */
export function aggregateSignatures(signatures: readonly Uint8Array[]): Uint8Array | undefined {
  const points: blst.Signature[] = [];
  for (const bytes of signatures) {
    const point = decodeSignature(bytes);
    if (point === undefined) return undefined;
    points.push(point);
  }
  return points.length === 0 ? undefined : blst.aggregateSignatures(points).toBytes(true);
}

/** What a proof of possession signs: bound to the node's address (20 bytes), so that nobody registers another's key as his. */
export function possessionDigest(nodeAddress: Uint8Array, publicKey: Uint8Array): Uint8Array {
  if (nodeAddress.length !== 20 || publicKey.length !== PUBLIC_KEY_BYTES)
    throw new RangeError("address of 20, key of 48 bytes");
  return plainDigest("pop", nodeAddress, publicKey);
}

/** Proof of possession of a registered BLS key, 96 bytes. */
export function provePossession(secret: BlsSecretKey, nodeAddress: Uint8Array): Uint8Array {
  return secret.sign(possessionDigest(nodeAddress, secret.publicKey.bytes));
}

export function verifyPossession(nodeAddress: Uint8Array, publicKey: BlsPublicKey, proof: Uint8Array): boolean {
  return nodeAddress.length === 20 && publicKey.verify(possessionDigest(nodeAddress, publicKey.bytes), proof);
}
