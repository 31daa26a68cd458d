import { uint } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import secp256k1 from "secp256k1/bindings.js";

const signature = new Uint8Array(64);
const limbs = new DataView(signature.buffer);
const publicKey = new Uint8Array(65);

/** Writes u256. */
function put(value: bigint, at: number): void {
  let rest = value;
  for (let limb = at + 24; limb >= at; limb -= 8, rest >>= 64n) limbs.setBigUint64(limb, BigInt.asUintN(64, rest));
}

/** The 20-byte address whose key signed the digest; undefined where the values are no signature. */
export function recoverAddress(digest: Uint8Array, r: bigint, s: bigint, yParity: number): Uint8Array | undefined {
  if (r >> 256n !== 0n || s >> 256n !== 0n || (yParity !== 0 && yParity !== 1)) return undefined;
  put(r, 0);
  put(s, 32);
  try {
    secp256k1.ecdsaRecover(signature, yParity, digest, false, publicKey);
  } catch {
    return undefined;
  }
  return keccak256(publicKey.subarray(1)).slice(12);
}

/** Address of a contract that `sender` creates by CREATE with `nonce`, from the RLP of both. */
export function createAddress(sender: Uint8Array, nonce: bigint): Uint8Array {
  const digits = nonce === 0n ? new Uint8Array(0) : trimmed(uint(nonce, 8));
  const bare = digits.length === 1 && (digits[0] ?? 0) < 0x80;
  const length = 21 + (bare ? 1 : 1 + digits.length);
  const out = new Uint8Array(1 + length);
  out[0] = 0xc0 + length;
  out[1] = 0x80 + 20;
  out.set(sender, 2);
  if (bare) out.set(digits, 22);
  else {
    out[22] = 0x80 + digits.length;
    out.set(digits, 23);
  }
  return keccak256(out).slice(12);
}

function trimmed(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (bytes[at] === 0) at++;
  return bytes.subarray(at);
}
