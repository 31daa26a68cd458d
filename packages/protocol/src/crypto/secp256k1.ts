import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concat, toBigInt } from "../bytes/bytes.ts";
import { keccak256 } from "./keccak.ts";

/** r ‖ s ‖ recovery id (0 or 1), s in the lower half of the order. */
export const NODE_SIGNATURE_BYTES = 65;

/**
 * secp256k1 over 32-byte digests. Behind an interface, because this package stays free of native parts that do not run
 * everywhere: a node puts the native library here (0.06 ms a recovery instead of 1 ms).
 */
export interface NodeSignatures {
  /** Deterministic (RFC 6979), low s; 65 bytes. The secret key has 32 bytes. */
  sign(secretKey: Uint8Array, digest: Uint8Array): Uint8Array;
  /** 20-byte address of the signer; undefined where the signature is malformed or its s is high. */
  recoverAddress(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined;
}

/** Half of the group order n: a larger s is the other signature of the same digest, and refused. */
const HALF_ORDER = secp256k1.Point.Fn.ORDER / 2n;

/** keccak256 of the uncompressed public key without its prefix, last 20 bytes. Takes 33 or 65 bytes; undefined where malformed. */
export function addressOfPublicKey(publicKey: Uint8Array): Uint8Array | undefined {
  try {
    return keccak256(secp256k1.Point.fromBytes(publicKey).toBytes(false).subarray(1)).slice(12);
  } catch {
    return undefined;
  }
}

/** The address of a secret key of 32 bytes, above 0 and below the order; otherwise undefined. */
export function addressOfSecretKey(secretKey: Uint8Array): Uint8Array | undefined {
  if (!secp256k1.utils.isValidSecretKey(secretKey)) return undefined;
  return addressOfPublicKey(secp256k1.getPublicKey(secretKey, false));
}

/** Whether r, s and the recovery id are in range and s is low. For every implementation of NodeSignatures. */
export function isCanonicalNodeSignature(signature: Uint8Array): boolean {
  if (signature.length !== NODE_SIGNATURE_BYTES || (signature[64] ?? 2) > 1) return false;
  const r = toBigInt(signature.subarray(0, 32));
  const s = toBigInt(signature.subarray(32, 64));
  return r > 0n && r < secp256k1.Point.Fn.ORDER && s > 0n && s <= HALF_ORDER;
}

/** The pure implementation. */
export const nodeSignatures: NodeSignatures = {
  sign(secretKey: Uint8Array, digest: Uint8Array): Uint8Array {
    if (digest.length !== 32) throw new RangeError("a node signs digests of 32 bytes");
    const bytes = secp256k1.sign(digest, secretKey, { prehash: false, lowS: true, format: "recovered" });
    const signature = secp256k1.Signature.fromBytes(bytes, "recovered");
    return concat(signature.toBytes("compact"), Uint8Array.of(signature.recovery ?? 0));
  },
  recoverAddress(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
    if (digest.length !== 32 || !isCanonicalNodeSignature(signature)) return undefined;
    try {
      const parsed = secp256k1.Signature.fromBytes(signature.subarray(0, 64), "compact").addRecoveryBit(
        signature[64] ?? 0,
      );
      return addressOfPublicKey(parsed.recoverPublicKey(digest).toBytes(true));
    } catch {
      return undefined;
    }
  },
};
