import type { AccessListItem, Authorization, EthereumTransaction, Inclusion } from "@tributary/chain";
import { data, quantity } from "../hex.ts";

/** `included` is undefined for a transaction that waits in the pool. */
export function transactionShape(
  transaction: EthereumTransaction,
  included: (Inclusion & { readonly gasPrice?: bigint }) | undefined,
): Record<string, unknown> {
  return {
    ...inclusionFields(included),
    hash: data(transaction.hash),
    type: quantity(transaction.type),
    ...(transaction.chainId === undefined ? {} : { chainId: quantity(transaction.chainId) }),
    nonce: quantity(transaction.nonce),
    from: data(transaction.sender),
    to: transaction.to === undefined ? null : data(transaction.to),
    value: quantity(transaction.value),
    input: data(transaction.data),
    gas: quantity(transaction.gasLimit),
    ...priceFields(transaction, included === undefined ? undefined : (included.gasPrice ?? 0n)),
    ...signatureFields(transaction),
  };
}

function inclusionFields(included: Inclusion | undefined): Record<string, unknown> {
  if (included === undefined)
    return { blockHash: null, blockNumber: null, blockTimestamp: null, transactionIndex: null };
  return {
    blockHash: data(included.blockHash),
    blockNumber: quantity(included.blockNumber),
    blockTimestamp: quantity(included.timestamp),
    transactionIndex: quantity(included.transactionIndex),
  };
}

/** gasPrice is the signed field for types 0 and 1, for the others what was paid, if it was mined. */
function priceFields(transaction: EthereumTransaction, paid: bigint | undefined): Record<string, unknown> {
  const { type, maxFeePerGas, maxPriorityFeePerGas, accessList, authorizations } = transaction;
  const gasPrice = quantity(type <= 1 || paid === undefined ? maxFeePerGas : paid);
  if (type === 0) return { gasPrice };
  const list = accessList.map(accessListShape);
  if (type === 1) return { gasPrice, accessList: list };
  const fees = {
    gasPrice,
    maxFeePerGas: quantity(maxFeePerGas),
    maxPriorityFeePerGas: quantity(maxPriorityFeePerGas),
    accessList: list,
  };
  if (type === 3) return { ...fees, ...blobFields(transaction) };
  return type === 2 ? fees : { ...fees, authorizationList: authorizations.map(authorizationShape) };
}

function blobFields({ blobs }: EthereumTransaction): Record<string, unknown> {
  return {
    maxFeePerBlobGas: quantity(blobs?.maxFeePerGas ?? 0n),
    blobVersionedHashes: (blobs?.hashes ?? []).map(data),
  };
}

export function accessListShape(item: AccessListItem): Record<string, unknown> {
  return { address: data(item.address), storageKeys: item.storageKeys.map(data) };
}

function authorizationShape(authorization: Authorization): Record<string, unknown> {
  return {
    chainId: quantity(authorization.chainId),
    address: data(authorization.address),
    nonce: quantity(authorization.nonce),
    yParity: quantity(authorization.yParity),
    r: quantity(authorization.r),
    s: quantity(authorization.s),
  };
}

/** EIP-155 folds the chain id into v; typed transactions carry the parity alone. */
function signatureFields(transaction: EthereumTransaction): Record<string, unknown> {
  const { type, chainId, yParity, r, s } = transaction;
  const values = { r: quantity(r), s: quantity(s) };
  if (type === 0) {
    const base = chainId === undefined ? 27n : 35n + 2n * chainId;
    return { v: quantity(base + BigInt(yParity)), ...values };
  }
  return { v: quantity(yParity), yParity: quantity(yParity), ...values };
}
