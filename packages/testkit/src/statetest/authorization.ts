import { rlpEncode } from "@tributary/chain/rlp/encode";
import { recoverPublicKey } from "@tributary/evm/precompiles/ecrecover";
import type { Authorization } from "@tributary/evm/types";
import { concat } from "@tributary/protocol/bytes/index";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { bytes, number, padded } from "./json-values.ts";

export type AuthorizationJson = {
  chainId: string;
  address: string;
  nonce: string;
  v?: string;
  yParity?: string;
  r: string;
  s: string;
};

/** First byte of what is signed (EIP-7702). */
const MAGIC = 0x05;
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

function authorityOf(json: AuthorizationJson): Uint8Array | undefined {
  const parity = number(json.yParity ?? json.v);
  if (parity > 1n || number(json.s) > HALF_ORDER || number(json.r) >= 1n << 256n) return undefined;
  const fields = rlpEncode([number(json.chainId), bytes(json.address), number(json.nonce)]);
  const digest = keccak256(concat(Uint8Array.of(MAGIC), fields));
  const key = recoverPublicKey(digest, concat(padded(json.r), padded(json.s)), parity === 0n ? 0 : 1);
  return key && keccak256(key.subarray(1)).slice(12);
}

/** As a pool hands it to the EVM: the signature replaced by who signed. */
export function authorization(json: AuthorizationJson): Authorization {
  return {
    chainId: number(json.chainId),
    address: bytes(json.address),
    nonce: number(json.nonce),
    authority: authorityOf(json),
  };
}
