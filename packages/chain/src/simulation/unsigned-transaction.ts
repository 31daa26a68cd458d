import { concat } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { EthereumTransaction } from "../block/ethereum.ts";
import { type RlpItem, rlpEncode } from "../rlp/encode.ts";
import type { SimulatedFields } from "./simulation-rules.ts";

/** The transaction with the encoding and the hash that it has where its signature is all zeros, as geth shows simulated ones. */
export function unsignedTransaction(fields: SimulatedFields): EthereumTransaction {
  const {
    type,
    chainId = 0n,
    nonce,
    gasLimit,
    maxFeePerGas,
    maxPriorityFeePerGas,
    value,
    data,
    authorizations,
  } = fields;
  const to = fields.to ?? new Uint8Array(0);
  const list: RlpItem = fields.accessList.map(({ address, storageKeys }) => [address, storageKeys]);
  const body: RlpItem[] = [gasLimit, to, value, data];
  let raw: Uint8Array;
  if (type === 0) raw = rlpEncode([nonce, maxFeePerGas, ...body, 0, 0, 0]);
  else {
    const prices = type === 1 ? [maxFeePerGas] : [maxPriorityFeePerGas, maxFeePerGas];
    const signed = authorizations.map((one) => [one.chainId, one.address, one.nonce, one.yParity, one.r, one.s]);
    const { hashes = [], maxFeePerGas: blobFee = 0n } = fields.blobs ?? {};
    const lists = type === 4 ? [list, signed] : type === 3 ? [list, blobFee, hashes] : [list];
    raw = concat(Uint8Array.of(type), rlpEncode([chainId, nonce, ...prices, ...body, ...lists, 0, 0, 0]));
  }
  return { ...fields, raw, hash: keccak256(raw), yParity: 0, r: 0n, s: 0n };
}
