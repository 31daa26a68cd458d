import { BLOOM_BYTES, mergeBloom } from "@tributary/chain/block/bloom";
import { encodeUncles, withdrawalItem } from "@tributary/chain/block/encode-block";
import type { EthereumHeader, EthereumReceipt, Withdrawal } from "@tributary/chain/block/ethereum";
import { encodeReceipt } from "@tributary/chain/block/receipt-codec";
import { rlpEncode } from "@tributary/chain/rlp/encode";
import { orderedTrieRoot } from "@tributary/chain/trie/ordered-root";
import { equal } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { RawBlock } from "../block/block-codec.ts";
import { GAS_PER_BLOB, nextBaseFee, nextExcessBlobGas } from "../block/fees.ts";
import type { UpgradeRules, UpgradeSchedule } from "../config/upgrade-schedule.ts";
import { EthereumError } from "../ethereum-error.ts";

function refuse(header: EthereumHeader, reason: string): never {
  throw new EthereumError("invalid-block", `block ${header.number}: ${reason}`);
}

function demand(header: EthereumHeader, name: string, given: unknown, wanted: unknown): void {
  const same = given instanceof Uint8Array && wanted instanceof Uint8Array ? equal(given, wanted) : given === wanted;
  if (!same) refuse(header, `${name} is ${shown(given)} in the header and ${shown(wanted)} by the rules`);
}

function shown(value: unknown): string {
  return value instanceof Uint8Array ? toHex(value) : String(value);
}

export function withdrawalsRoot(withdrawals: readonly Withdrawal[]): Uint8Array {
  return orderedTrieRoot(withdrawals.map((one) => rlpEncode(withdrawalItem(one))));
}

export function receiptsRoot(receipts: readonly EthereumReceipt[]): Uint8Array {
  return orderedTrieRoot(receipts.map(encodeReceipt));
}

export function bloomOf(receipts: readonly EthereumReceipt[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES);
  for (const { logsBloom } of receipts) mergeBloom(bloom, logsBloom);
  return bloom;
}

/**
 * What a block's header must say for its parent and its body. Seals and difficulties of proof of work are taken as they
 * are. Throws EthereumError `invalid-block`.
 */
export function checkHeader(
  { header, transactions, uncles, withdrawals }: RawBlock,
  parent: { readonly header: EthereumHeader; readonly hash: Uint8Array },
  schedule: UpgradeSchedule,
  rules: UpgradeRules | undefined,
): void {
  const before = parent.header;
  demand(header, "parentHash", header.parentHash, parent.hash);
  demand(header, "number", header.number, before.number + 1);
  if (header.timestamp <= before.timestamp) refuse(header, "timestamp is not above the parent's");
  if (header.gasUsed > header.gasLimit) refuse(header, "gasUsed is above gasLimit");
  if (before.difficulty === 0n && before.number > 0) demand(header, "difficulty", header.difficulty, 0n);
  demand(header, "transactionsRoot", header.transactionsRoot, orderedTrieRoot(transactions));
  demand(header, "sha3Uncles", header.ommersHash, keccak256(encodeUncles(uncles)));
  const london = schedule.isLondon(header.number);
  demand(header, "baseFeePerGas", header.baseFeePerGas, london ? nextBaseFee(before) : undefined);
  const root = withdrawals === undefined ? undefined : withdrawalsRoot(withdrawals);
  demand(header, "withdrawalsRoot", header.withdrawalsRoot, root);
  const excess = rules === undefined ? undefined : nextExcessBlobGas(before, rules);
  demand(header, "excessBlobGas", header.excessBlobGas, excess);
  if (rules === undefined) return;
  const most = BigInt(rules.blobs.max) * GAS_PER_BLOB;
  if ((header.blobGasUsed ?? 0n) > most) refuse(header, `blobGasUsed is above ${most}`);
}

/** What a block's header must say of its execution. Throws EthereumError `invalid-block`. */
export function checkOutcome(
  header: EthereumHeader,
  receipts: readonly EthereumReceipt[],
  stateRoot: Uint8Array,
  requestsHash: Uint8Array | undefined,
): void {
  demand(header, "gasUsed", header.gasUsed, receipts.at(-1)?.cumulativeGasUsed ?? 0);
  demand(header, "receiptsRoot", header.receiptsRoot, receiptsRoot(receipts));
  demand(header, "logsBloom", header.logsBloom, bloomOf(receipts));
  demand(header, "requestsHash", header.requestsHash, requestsHash);
  const blobs = receipts.reduce((sum, { blobGas }) => sum + (blobGas?.used ?? 0n), 0n);
  if (header.blobGasUsed !== undefined) demand(header, "blobGasUsed", header.blobGasUsed, blobs);
  demand(header, "stateRoot", header.stateRoot, stateRoot);
}
