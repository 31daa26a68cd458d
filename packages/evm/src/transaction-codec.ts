import { putBytesAsWord, putWord } from "./memory-codec.ts";
import { layout } from "./memory-layout.ts";
import type { AccessListEntry, Authorization, BlockEnv, Fork, Transaction } from "./types.ts";

const forks: Readonly<Record<Fork, number>> = { cancun: 0, prague: 1, osaka: 2 };
const unlimited = 0xffff_ffff_ffff_ffffn;
const authorizationSize = 112;
/** Of one block. */
export const MAX_MOVED_PRECOMPILES = 64;

/** Memory that a transaction's data and lists take. */
export function listsLength(transaction: Transaction): number {
  let length = transaction.data.length + 64 + 32 * transaction.blobHashes.length;
  for (const { storageKeys } of transaction.accessList) length += 40 + 32 * storageKeys.length;
  return length + authorizationSize * transaction.authorizations.length;
}

export function putBlock(bytes: Uint8Array, view: DataView, block: BlockEnv): void {
  putBytesAsWord(bytes, layout.ENV_COINBASE, block.coinbase);
  putWord(view, layout.ENV_TIMESTAMP, block.timestamp);
  putWord(view, layout.ENV_NUMBER, block.number);
  putBytesAsWord(bytes, layout.ENV_RANDAO, block.prevRandao);
  putWord(view, layout.ENV_GAS_LIMIT, block.gasLimit);
  putWord(view, layout.ENV_CHAIN_ID, block.chainId);
  putWord(view, layout.ENV_BASE_FEE, block.baseFee);
  putWord(view, layout.ENV_BLOB_BASE_FEE, block.blobBaseFee);
  view.setUint32(layout.ENV_FORK, forks[block.fork], true);
  view.setBigUint64(layout.ENV_GAS_CAP, block.transactionGasCap ?? unlimited, true);
  view.setUint32(layout.ENV_OWN_TERMS, block.ownTerms === true ? 1 : 0, true);
  putMoved(bytes, view, block.precompiles ?? []);
}

function putMoved(bytes: Uint8Array, view: DataView, moved: NonNullable<BlockEnv["precompiles"]>): void {
  if (moved.length > MAX_MOVED_PRECOMPILES)
    throw new RangeError(`more than ${MAX_MOVED_PRECOMPILES} moved precompiles`);
  view.setUint32(layout.MOVED_COUNT, moved.length, true);
  for (const [index, [address, id]] of moved.entries()) {
    const at = layout.MOVED + 32 * index;
    putBytesAsWord(bytes, at, address);
    view.setUint32(at + 20, id, true);
  }
}

function putAccessList(bytes: Uint8Array, view: DataView, start: number, list: readonly AccessListEntry[]): number {
  let at = start;
  for (const { address, storageKeys } of list) {
    bytes.fill(0, at, at + 12);
    bytes.set(address, at + 12);
    view.setBigUint64(at + 32, BigInt(storageKeys.length), true);
    at += 40;
    for (const key of storageKeys) {
      bytes.set(key, at);
      at += 32;
    }
  }
  return at;
}

function putAuthorization(bytes: Uint8Array, view: DataView, at: number, item: Authorization): void {
  const { chainId, address, nonce, authority } = item;
  bytes.fill(0, at, at + authorizationSize);
  if (authority === undefined || nonce >= unlimited || chainId >> 256n !== 0n) return;
  putWord(view, at, chainId);
  bytes.set(address, at + 44);
  view.setBigUint64(at + 64, nonce, true);
  view.setBigUint64(at + 72, 1n, true);
  bytes.set(authority, at + 92);
}

/** Writes the transaction where `execute` reads it; memory must reach `listsLength` behind MEMORY. */
export function putTransaction(bytes: Uint8Array, view: DataView, transaction: Transaction, mode: number): void {
  const { to, data, accessList, blobHashes, authorizations } = transaction;
  view.setUint32(layout.TX_TYPE, transaction.type, true);
  view.setUint32(layout.TX_CREATES, to === undefined ? 1 : 0, true);
  view.setBigUint64(layout.TX_GAS_LIMIT, transaction.gasLimit, true);
  view.setBigUint64(layout.TX_NONCE, transaction.nonce, true);
  putWord(view, layout.TX_VALUE, transaction.value);
  putWord(view, layout.TX_MAX_FEE, transaction.maxFeePerGas);
  putWord(view, layout.TX_PRIORITY_FEE, transaction.maxPriorityFeePerGas);
  putWord(view, layout.TX_BLOB_FEE, transaction.maxFeePerBlobGas);
  putBytesAsWord(bytes, layout.TX_SENDER, transaction.sender);
  putBytesAsWord(bytes, layout.TX_TO, to ?? new Uint8Array(20));
  view.setUint32(layout.TX_MODE, mode, true);

  let at: number = layout.MEMORY;
  view.setUint32(layout.TX_DATA, at, true);
  view.setUint32(layout.TX_DATA_LENGTH, data.length, true);
  bytes.set(data, at);
  at += data.length;
  view.setUint32(layout.TX_ACCESS_LIST, at, true);
  view.setUint32(layout.TX_ACCESS_COUNT, accessList.length, true);
  at = putAccessList(bytes, view, at, accessList);
  view.setUint32(layout.TX_BLOBS, at, true);
  view.setUint32(layout.TX_BLOB_COUNT, blobHashes.length, true);
  for (const hash of blobHashes) {
    bytes.set(hash, at);
    at += 32;
  }
  view.setUint32(layout.TX_AUTHORIZATIONS, at, true);
  view.setUint32(layout.TX_AUTHORIZATION_COUNT, authorizations.length, true);
  for (const item of authorizations) {
    putAuthorization(bytes, view, at, item);
    at += authorizationSize;
  }
  view.setUint32(layout.TX_END, at, true);
}
