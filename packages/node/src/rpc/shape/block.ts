import type { EthereumBlock, EthereumHeader, Withdrawal } from "@tributary/chain";
import { encodeBlock } from "@tributary/chain/block/encode-block";
import { headerHash } from "@tributary/chain/block/header-codec";
import { EMPTY_TRIE_ROOT } from "@tributary/chain/trie/ordered-root";
import { data, quantity } from "../hex.ts";

/** What eth_subscribe("newHeads") sends. */
export function headerShape(header: EthereumHeader, hash: Uint8Array): Record<string, unknown> {
  return {
    number: quantity(header.number),
    hash: data(hash),
    parentHash: data(header.parentHash),
    nonce: data(header.nonce),
    mixHash: data(header.mixHash),
    sha3Uncles: data(header.ommersHash),
    logsBloom: data(header.logsBloom),
    transactionsRoot: data(header.transactionsRoot),
    stateRoot: data(header.stateRoot),
    receiptsRoot: data(header.receiptsRoot),
    miner: data(header.beneficiary),
    difficulty: quantity(header.difficulty),
    extraData: data(header.extraData),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    ...appendedFields(header),
  };
}

/** What upgrades appended to the header: absent in a block before them. */
function appendedFields(header: EthereumHeader): Record<string, unknown> {
  const { baseFeePerGas, withdrawalsRoot, blobGasUsed, excessBlobGas, parentBeaconBlockRoot, requestsHash } = header;
  return {
    ...(baseFeePerGas === undefined ? {} : { baseFeePerGas: quantity(baseFeePerGas) }),
    ...(withdrawalsRoot === undefined ? {} : { withdrawalsRoot: data(withdrawalsRoot) }),
    ...(blobGasUsed === undefined ? {} : { blobGasUsed: quantity(blobGasUsed) }),
    ...(excessBlobGas === undefined ? {} : { excessBlobGas: quantity(excessBlobGas) }),
    ...(parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot: data(parentBeaconBlockRoot) }),
    ...(requestsHash === undefined ? {} : { requestsHash: data(requestsHash) }),
  };
}

export function withdrawalShape({ index, validatorIndex, address, amount }: Withdrawal): Record<string, unknown> {
  return {
    index: quantity(index),
    validatorIndex: quantity(validatorIndex),
    address: data(address),
    amount: quantity(amount),
  };
}

/** `transactions` are hashes or transaction objects. */
export function blockShape(block: EthereumBlock, transactions: readonly unknown[]): Record<string, unknown> {
  return {
    ...headerShape(block.header, block.hash),
    size: quantity(block.size),
    transactions,
    uncles: (block.uncles ?? []).map((uncle) => data(headerHash(uncle))),
    ...(block.header.withdrawalsRoot === undefined
      ? {}
      : { withdrawals: (block.withdrawals ?? []).map(withdrawalShape) }),
  };
}

/** An uncle as a block without a body; null where there is none. */
export function uncleShape(block: EthereumBlock | undefined, index: number): Record<string, unknown> | null {
  const header = block?.uncles?.[index];
  if (header === undefined) return null;
  const size = encodeBlock({ header, transactions: [] }).length;
  const { transactions: _, ...shape } = blockShape(
    { header, hash: headerHash(header), size, transactions: [], transactionHashes: [] },
    [],
  );
  return shape;
}

/**
 * The block after the head as far as it is known, so with its base fee: no transaction of it is certified, so it has
 * none. Only what geth leaves out is null, for clients written in Rust refuse a block that lacks anything else.
 */
export function pendingBlockShape(head: EthereumBlock, baseFeePerGas: bigint | undefined): Record<string, unknown> {
  const header = {
    ...head.header,
    number: head.header.number + 1,
    parentHash: head.hash,
    logsBloom: new Uint8Array(head.header.logsBloom.length),
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    ...(head.header.withdrawalsRoot === undefined ? {} : { withdrawalsRoot: EMPTY_TRIE_ROOT }),
    gasUsed: 0,
    ...(head.header.baseFeePerGas === undefined || baseFeePerGas === undefined ? {} : { baseFeePerGas }),
    timestamp: Math.max(head.header.timestamp, Math.floor(Date.now() / 1_000)),
  };
  const size = encodeBlock({ header, transactions: [] }).length;
  const shape = blockShape({ header, hash: head.hash, size, transactions: [], transactionHashes: [] }, []);
  return { ...shape, hash: null, nonce: null, miner: null };
}
