import { RlpReader } from "@tributary/chain/rlp/reader";

const EIP1559 = 2;
/** chain id, nonce, two prices, gas, to, value, data, access list. */
const FIELDS_BEFORE_LIST = 8;
const MAX_BYTES = 131_072;

/**
 * Whether the bytes are an EIP-1559 transaction as it is hashed for its signature. Whatever else the node key signs is
 * hashed behind the hash of its tag: it is neither of this type nor such a list.
 */
export function isUnsignedTransaction(bytes: Uint8Array): boolean {
  if (bytes[0] !== EIP1559 || bytes.length > MAX_BYTES) return false;
  const fields = RlpReader.list(bytes.subarray(1));
  for (let i = 0; i < FIELDS_BEFORE_LIST; i++) fields.bytes(MAX_BYTES);
  fields.list();
  return fields.complete;
}
