import type { Block, BlockHeader } from "@tributary/chain";
import { data, quantity } from "../hex.ts";

/** What eth_subscribe("newHeads") sends. */
export function headerShape(header: BlockHeader, hash: Uint8Array): Record<string, unknown> {
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
    baseFeePerGas: quantity(header.baseFeePerGas),
    withdrawalsRoot: data(header.withdrawalsRoot),
    blobGasUsed: quantity(header.blobGasUsed),
    excessBlobGas: quantity(header.excessBlobGas),
    parentBeaconBlockRoot: data(header.parentBeaconBlockRoot),
    requestsHash: data(header.requestsHash),
  };
}

/** `transactions` are hashes or transaction objects. */
export function blockShape(block: Block, transactions: readonly unknown[]): Record<string, unknown> {
  return {
    ...headerShape(block.header, block.hash),
    size: quantity(block.size),
    transactions,
    uncles: [],
    withdrawals: [],
  };
}

/** The block after the head as far as it is known: no transaction of it is certified. */
export function pendingBlockShape(head: Block): Record<string, unknown> {
  const { header } = head;
  return {
    ...blockShape(head, []),
    number: quantity(header.number + 1),
    hash: null,
    nonce: null,
    miner: null,
    logsBloom: null,
    parentHash: data(head.hash),
    gasUsed: "0x0",
    timestamp: quantity(Math.max(header.timestamp, Math.floor(Date.now() / 1_000))),
  };
}
