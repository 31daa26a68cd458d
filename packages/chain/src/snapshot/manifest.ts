import { concat, equal, uint } from "@tributary/protocol/bytes/bytes";
import { merkleRoot } from "@tributary/protocol/container/merkle";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { otherFormat } from "@tributary/protocol/files/other-format";
import type { Block, BlockHeader } from "../block/block.ts";
import { encodeBlock } from "../block/encode-block.ts";
import { decodeHeader, encodeHeader, headerHash } from "../block/header-codec.ts";
import type { Receipt } from "../block/receipt.ts";
import { decodeStoredReceipts, encodeReceipt, encodeStoredReceipts } from "../block/receipt-codec.ts";
import type { BlockRecord } from "../ledger/block-record.ts";
import { rlpEncode } from "../rlp/encode.ts";
import { RlpReader } from "../rlp/reader.ts";
import { BUCKETS } from "../state/bucket-set.ts";
import type { TransactionDecoder } from "../transaction/decoder.ts";
import { createAddress } from "../transaction/recover.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { orderedTrieRoot } from "../trie/ordered-root.ts";

/** Raised when the meaning of the bytes changes. */
const VERSION = 1;
/** Headers before the block: BLOCKHASH of the next one reaches 256 back, the block itself counted. */
export const MAX_ANCESTORS = 255;
/** A block with its receipts and 255 headers is a few megabytes at most; its proof is a container and an order. */
export const MAX_MANIFEST_BYTES: number = 64 * 1024 * 1024;
const DIGEST_BYTES = 32;
const SIZE_BYTES = 6;

/**
 * A snapshot's head: the newest block that it holds, whole, with all that the execution of the next one reads beside the
 * state. Everything but `sizes` and `proof` follows from the block's hash.
 */
export type Manifest = {
  readonly record: BlockRecord;
  readonly receipts: readonly Receipt[];
  /** Headers of the blocks before it, the nearest first. */
  readonly ancestors: readonly BlockHeader[];
  /** 32 bytes for each bucket: what its bytes must sum up to. */
  readonly digests: readonly Uint8Array[];
  /** Bytes of each bucket, as whoever serves them says. */
  readonly sizes: readonly number[];
  /** What certifies the block's hash; the chain room does not look inside. */
  readonly proof: Uint8Array;
};

export type CheckedManifest =
  | { readonly ok: true; readonly manifest: Manifest }
  /** `foreign`: of a format that this version does not know, which is no fault of whoever served it. */
  | { readonly ok: false; readonly reason: string; readonly foreign: boolean };

export function encodeManifest({ record, receipts, ancestors, digests, sizes, proof }: Manifest): Uint8Array {
  return rlpEncode([
    VERSION,
    encodeHeader(record.block.header),
    record.block.transactions,
    encodeStoredReceipts(receipts),
    ancestors.map(encodeHeader),
    concat(...digests),
    concat(...sizes.map((size) => uint(size, SIZE_BYTES))),
    proof,
  ]);
}

/**
 * Decodes hostile bytes and checks all that hangs on the block's hash. The hash itself is the caller's to check, by
 * `proof`; before that the manifest says nothing.
 */
export function checkManifest(bytes: Uint8Array, decoder: TransactionDecoder): CheckedManifest {
  const refused = (reason: string): CheckedManifest => ({ ok: false, reason, foreign: false });
  const version = formatOf(bytes);
  if (version !== undefined && version !== VERSION) {
    return { ok: false, reason: otherFormat("the snapshot", version, VERSION), foreign: true };
  }
  const raw = readManifest(bytes);
  if (raw === undefined) return refused("the manifest does not decode");
  const { header, transactions, receipts, ancestors, digests, sizes, proof } = raw;
  if (!equal(merkleRoot(digests), header.stateRoot)) return refused("the digests do not give the state root");
  if (!equal(orderedTrieRoot(transactions), header.transactionsRoot)) return refused("transactions of another block");
  if (!equal(orderedTrieRoot(receipts.map(encodeReceipt)), header.receiptsRoot))
    return refused("receipts of another block");
  if (!linked(header, ancestors)) return refused("the headers are no chain");
  const decoded: Transaction[] = [];
  for (const transaction of transactions) {
    const result = decoder.decode(transaction);
    if (!result.ok) return refused("a transaction is invalid");
    decoded.push(result.transaction);
  }
  if (!derivedFieldsHold(decoded, receipts)) return refused("receipts with wrong derived fields");
  const record = { block: blockOf(header, decoded), senders: decoded.map(({ sender }) => sender) };
  return { ok: true, manifest: { record, receipts, ancestors, digests, sizes, proof } };
}

/** The format that a manifest says it is of. */
function formatOf(bytes: Uint8Array): number | undefined {
  const version = bytes.length > MAX_MANIFEST_BYTES ? 0 : RlpReader.list(bytes).safe();
  return version > 0 ? version : undefined;
}

type RawManifest = Omit<Manifest, "record"> & {
  readonly header: BlockHeader;
  readonly transactions: readonly Uint8Array[];
};

function readManifest(bytes: Uint8Array): RawManifest | undefined {
  if (bytes.length > MAX_MANIFEST_BYTES) return undefined;
  const reader = RlpReader.list(bytes);
  if (reader.safe() !== VERSION) return undefined;
  const header = decodeHeader(reader.bytes(bytes.length));
  const transactions = stringsOf(reader.list(), bytes.length);
  const receipts = decodeStoredReceipts(reader.bytes(bytes.length));
  const ancestors = stringsOf(reader.list(), bytes.length).map(decodeHeader);
  const digests = parts(reader.fixed(BUCKETS * DIGEST_BYTES), DIGEST_BYTES);
  const sizes = parts(reader.fixed(BUCKETS * SIZE_BYTES), SIZE_BYTES).map((part) =>
    Buffer.from(part).readUIntBE(0, SIZE_BYTES),
  );
  const proof = reader.bytes(bytes.length);
  if (!reader.complete || header === undefined || receipts === undefined) return undefined;
  const known = ancestors.filter((ancestor) => ancestor !== undefined);
  if (known.length !== ancestors.length) return undefined;
  return { header, transactions, receipts, ancestors: known, digests, sizes, proof };
}

function stringsOf(list: RlpReader, limit: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  while (list.more) out.push(list.bytes(limit));
  return out;
}

function parts(bytes: Uint8Array, width: number): Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / width) }, (_, i) => bytes.subarray(i * width, (i + 1) * width));
}

/** All that BLOCKHASH can reach, and each the parent of the one before it. */
function linked(header: BlockHeader, ancestors: readonly BlockHeader[]): boolean {
  if (ancestors.length !== Math.min(header.number, MAX_ANCESTORS)) return false;
  let child = header;
  for (const ancestor of ancestors) {
    if (ancestor.number !== child.number - 1 || !equal(headerHash(ancestor), child.parentHash)) return false;
    child = ancestor;
  }
  return true;
}

/** What no root is over follows from the transactions and the cumulative gas. */
function derivedFieldsHold(transactions: readonly Transaction[], receipts: readonly Receipt[]): boolean {
  if (receipts.length !== transactions.length) return false;
  let before = 0;
  return transactions.every(({ type, to, sender, nonce }, index) => {
    const receipt = receipts[index];
    if (receipt === undefined || receipt.type !== type || receipt.gasUsed !== receipt.cumulativeGasUsed - before)
      return false;
    before = receipt.cumulativeGasUsed;
    if (to !== undefined) return receipt.contractAddress === undefined;
    return receipt.contractAddress !== undefined && equal(receipt.contractAddress, createAddress(sender, nonce));
  });
}

function blockOf(header: BlockHeader, transactions: readonly Transaction[]): Block {
  const encoded = encodeHeader(header);
  const raws = transactions.map(({ raw }) => raw);
  return {
    header,
    hash: keccak256(encoded),
    size: encodeBlock({ header, transactions: raws }).length,
    transactions: raws,
    transactionHashes: transactions.map(({ hash }) => hash),
    // A rented chain has one block in each container.
    height: header.number,
  };
}
