import type { EthereumTransaction } from "@tributary/chain/block/ethereum";
import { rlpListHeader } from "@tributary/chain/rlp/encode";
import { RlpReader } from "@tributary/chain/rlp/reader";
import { HALF_CURVE_ORDER, readAccessList } from "@tributary/chain/transaction/decode";
import { recoverAddress } from "@tributary/chain/transaction/recover";
import { concat } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";

export const BLOB_TYPE = 3;

/** A transaction with blobs as it stands in a block (EIP-4844); undefined where the bytes are none of this chain. */
export function decodeBlobTransaction(raw: Uint8Array, chainId: bigint): EthereumTransaction | undefined {
  const payload = raw.subarray(1);
  const reader = RlpReader.list(payload);
  const start = reader.position;
  const fields = readFields(reader, payload.length);
  const end = reader.position;
  const yParity = reader.safe();
  const r = reader.uint(32);
  const s = reader.uint(32);
  if (raw[0] !== BLOB_TYPE || !reader.complete || fields.chainId !== chainId) return undefined;
  if (yParity > 1 || s > HALF_CURVE_ORDER) return undefined;
  const digest = keccak256(concat(Uint8Array.of(BLOB_TYPE), rlpListHeader(end - start), payload.subarray(start, end)));
  const sender = recoverAddress(digest, r, s, yParity);
  if (sender === undefined) return undefined;
  return { ...fields, yParity: yParity === 0 ? 0 : 1, r, s, sender, hash: keccak256(raw), raw };
}

function readFields(
  reader: RlpReader,
  limit: number,
): Omit<EthereumTransaction, "yParity" | "r" | "s" | "sender" | "hash" | "raw"> {
  const [chainId, nonce] = [reader.uint(32), reader.uint(8)];
  const [maxPriorityFeePerGas, maxFeePerGas, gasLimit] = [reader.uint(32), reader.uint(32), reader.uint(8)];
  const [to, value, data] = [reader.fixed(20), reader.uint(32), reader.bytes(limit)];
  const accessList = readAccessList(reader);
  const maxFeePerBlobGas = reader.uint(32);
  const hashes: Uint8Array[] = [];
  const list = reader.list();
  while (list.more) hashes.push(list.fixed(32));
  return {
    ...{ type: BLOB_TYPE, chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value, data, accessList },
    ...{ authorizations: [], blobs: { hashes, maxFeePerGas: maxFeePerBlobGas } },
  };
}
