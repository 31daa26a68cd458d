import { concat } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { rlpEncode } from "../rlp/encode.ts";
import { HALF_CURVE_ORDER } from "../transaction/decode.ts";
import { recoverAddress } from "../transaction/recover.ts";
import type { Authorization } from "../transaction/transaction.ts";

const MAGIC = Uint8Array.of(0x05);
const MAX_NONCE = 2n ** 64n - 1n;

/** Code of an account that delegates to another one (EIP-7702). */
export function isDelegation(code: Uint8Array): boolean {
  return code.length === 23 && code[0] === 0xef && code[1] === 0x01 && code[2] === 0x00;
}

/** Who signed the authorisation; undefined where its values break the bounds of EIP-7702. */
export function authorityOf(authorization: Authorization): Uint8Array | undefined {
  const { chainId, address, nonce, yParity, r, s } = authorization;
  if (s > HALF_CURVE_ORDER || nonce >= MAX_NONCE) return undefined;
  return recoverAddress(keccak256(concat(MAGIC, rlpEncode([chainId, address, nonce]))), r, s, yParity);
}
