import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { orderedTrieRoot } from "../trie/ordered-root.ts";
import type { Block, BlockHeader } from "./block.ts";
import { BLOOM_BYTES, mergeBloom } from "./bloom.ts";
import { blockSize } from "./encode-block.ts";
import type { EthereumReceipt } from "./ethereum.ts";
import { CONSTANT_FIELDS, encodeHeader, extraDataOf } from "./header-codec.ts";
import { EMPTY_OUTBOX_ROOT } from "./outbox-root.ts";
import { encodeReceipt } from "./receipt-codec.ts";

export type BlockParts = {
  readonly parentHash: Uint8Array;
  readonly number: number;
  readonly height: number;
  /** Number of the rules that it was executed by. */
  readonly rules: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly gasLimit: number;
  /** What a gas costs, wei, and who gets it; nothing where they are left out. */
  readonly baseFee?: bigint;
  readonly beneficiary?: Uint8Array;
  /** Whether tips are paid beside it. */
  readonly tips?: boolean;
  readonly mixHash: Uint8Array;
  readonly parentBeaconBlockRoot: Uint8Array;
  readonly stateRoot: Uint8Array;
  /** Wire forms and hashes of the executed transactions, and their receipts. */
  readonly transactions: readonly Uint8Array[];
  readonly transactionHashes: readonly Uint8Array[];
  readonly receipts: readonly EthereumReceipt[];
};

export function buildBlock(parts: BlockParts): Block {
  const { receipts, transactions, transactionHashes, height } = parts;
  const logsBloom = new Uint8Array(BLOOM_BYTES);
  for (const receipt of receipts) if (receipt.logs.length > 0) mergeBloom(logsBloom, receipt.logsBloom);
  const header: BlockHeader = {
    ...CONSTANT_FIELDS,
    beneficiary: parts.beneficiary ?? CONSTANT_FIELDS.beneficiary,
    baseFeePerGas: parts.baseFee ?? CONSTANT_FIELDS.baseFeePerGas,
    parentHash: parts.parentHash,
    stateRoot: parts.stateRoot,
    transactionsRoot: orderedTrieRoot(transactions),
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceipt)),
    logsBloom,
    number: parts.number,
    gasLimit: parts.gasLimit,
    gasUsed: receipts[receipts.length - 1]?.cumulativeGasUsed ?? 0,
    timestamp: Math.floor(parts.time / 1000),
    extraData: extraDataOf(parts.rules, parts.time, parts.tips ?? false),
    mixHash: parts.mixHash,
    parentBeaconBlockRoot: parts.parentBeaconBlockRoot,
    requestsHash: EMPTY_OUTBOX_ROOT,
  };
  const encoded = encodeHeader(header);
  return {
    header,
    hash: keccak256(encoded),
    size: blockSize({ header, transactions }),
    transactions,
    transactionHashes,
    height,
  };
}
