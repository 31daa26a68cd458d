import { createHash } from "node:crypto";
import type { CustomCrypto } from "@ethereumjs/common";
import { uint } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import secp256k1 from "secp256k1/bindings.js";

/** Native versions of what contracts use most; the library's own are 10 to 50 times slower. */
export const EVM_CRYPTO: CustomCrypto = {
  keccak256,
  sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  /** The 64-byte public key; throws for what is no signature, as the library expects. */
  ecrecover: (digest, v, r, s) => {
    if (v !== 27n && v !== 28n) throw new RangeError("invalid recovery id");
    const signature = new Uint8Array(64);
    signature.set(r.length === 32 ? r : uint(0, 32), 0);
    signature.set(s.length === 32 ? s : uint(0, 32), 32);
    return secp256k1.ecdsaRecover(signature, Number(v - 27n), digest, false).slice(1);
  },
};
