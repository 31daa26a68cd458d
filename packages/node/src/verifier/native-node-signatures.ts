import { concat } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { NODE_SIGNATURE_BYTES, type NodeSignatures } from "@tributary/protocol/crypto/secp256k1";
import secp256k1 from "secp256k1/bindings.js";

/** Half the group order, big-endian: a larger s is the other signature of the same digest, and refused. */
const HALF_ORDER: Buffer = Buffer.from("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", "hex");

/** By libsecp256k1: 43 us a signature, 62 us a recovery. */
export const nativeNodeSignatures: NodeSignatures = {
  sign(secretKey: Uint8Array, digest: Uint8Array): Uint8Array {
    const { signature, recid } = secp256k1.ecdsaSign(digest, secretKey);
    return concat(signature, Uint8Array.of(recid));
  },
  recoverAddress(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
    const recovery = signature[64] ?? 2;
    if (digest.length !== 32 || signature.length !== NODE_SIGNATURE_BYTES || recovery > 1) return undefined;
    if (HALF_ORDER.compare(signature, 32, 64) < 0) return undefined;
    try {
      const key = secp256k1.ecdsaRecover(signature.slice(0, 64), recovery, digest, false);
      return keccak256(key.subarray(1)).slice(12);
    } catch {
      return undefined;
    }
  },
};

/** The address of a secret key of 32 bytes, above 0 and below the order; otherwise undefined. */
export function nativeAddressOfSecretKey(secretKey: Uint8Array): Uint8Array | undefined {
  if (secretKey.length !== 32 || !secp256k1.privateKeyVerify(secretKey)) return undefined;
  return keccak256(secp256k1.publicKeyCreate(secretKey, false).subarray(1)).slice(12);
}
