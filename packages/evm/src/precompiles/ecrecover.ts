import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { slice, toBigInt } from "./bytes.ts";
import { recoverNatively } from "./native-secp256k1.ts";
import type { Precompile } from "./precompile.ts";

const NOTHING = new Uint8Array(0);
const ORDER = secp256k1.Point.Fn.ORDER;

/**
 * The uncompressed public key (65 bytes) that signed; undefined where there is none. `signature` is r ‖ s, 64 bytes; a
 * high s is as good as a low one here.
 */
export function recoverPublicKey(digest: Uint8Array, signature: Uint8Array, recovery: 0 | 1): Uint8Array | undefined {
  const r = toBigInt(signature.subarray(0, 32));
  const s = toBigInt(signature.subarray(32, 64));
  if (r === 0n || r >= ORDER || s === 0n || s >= ORDER) return undefined;
  if (recoverNatively) return recoverNatively(digest, signature, recovery);
  try {
    return secp256k1.Signature.fromBytes(signature, "compact")
      .addRecoveryBit(recovery)
      .recoverPublicKey(digest)
      .toBytes(false);
  } catch {
    return undefined;
  }
}

/** Address of whoever signed, or no bytes where the signature is invalid (Yellow Paper, appendix E). */
export const ecrecover: Precompile = {
  cost: () => 3000n,
  run(input: Uint8Array): Uint8Array {
    const data = slice(input, 0, 128);
    const v = toBigInt(data.subarray(32, 64));
    if (v !== 27n && v !== 28n) return NOTHING;
    const key = recoverPublicKey(data.subarray(0, 32), data.subarray(64, 128), v === 27n ? 0 : 1);
    if (!key) return NOTHING;
    const word = keccak_256(key.subarray(1));
    word.fill(0, 0, 12);
    return word;
  },
};
