import { uint } from "@tributary/protocol/bytes/bytes";
import type { BlockHeader } from "../block/block.ts";
import { decodeHeader, encodeHeader, headerHash } from "../block/header-codec.ts";
import type { Receipt } from "../block/receipt.ts";
import { decodeStoredReceipts, encodeStoredReceipts } from "../block/receipt-codec.ts";
import { ChainError } from "../chain-error.ts";
import { fromKey } from "../store/key.ts";
import type { StoreReader, Write } from "../store/key-value-store.ts";
import { type BlockRecord, decodeBlockRecord, encodeBlockRecord } from "./block-record.ts";
import { BoundedCache } from "./bounded-cache.ts";

// Keys: "b" ‖ u64 number -> block record; "r" ‖ number -> receipts; "i" ‖ number -> block hash; "n" ‖ hash -> number;
// "x" ‖ transaction hash -> u64 number ‖ u32 index; "l" ‖ number -> bloom, only of blocks with logs;
// "h" ‖ number -> header of a block that is known by its header only.

/** Bytes of memory for blocks and for receipts kept decoded, each. */
const CACHED_BYTES = 16 * 1024 * 1024;
/** What decoded objects hold beside the bytes that they name, measured. */
const BLOCK_BYTES = 3_000;
const TRANSACTION_BYTES = 500;
const RECEIPT_BYTES = 600;
const LOG_BYTES = 400;
const TOPIC_BYTES = 150;

const BLOCK = "b";
const RECEIPTS = "r";
const HASH = "i";
const NUMBER = "n";
const TRANSACTION = "x";
const BLOOM = "l";
const HEADER = "h";

function numbered(prefix: string, number: number): Uint8Array {
  return fromKey(prefix + Buffer.from(uint(number, 8)).toString("latin1"));
}

function hashed(prefix: string, hash: Uint8Array): Uint8Array {
  return Buffer.concat([fromKey(prefix), hash]);
}

function weightOfBlock({ block }: BlockRecord): number {
  return block.transactions.reduce((sum, { length }) => sum + TRANSACTION_BYTES + length, BLOCK_BYTES);
}

/** A log can hold megabytes that no transaction carried. */
function weightOfReceipts(receipts: readonly Receipt[]): number {
  let weight = RECEIPT_BYTES;
  for (const { logs } of receipts) {
    weight += RECEIPT_BYTES;
    for (const { topics, data } of logs) weight += LOG_BYTES + TOPIC_BYTES * topics.length + data.length;
  }
  return weight;
}

/** Blocks, receipts and their indices in a store. */
export class BlockStore {
  readonly #store: StoreReader;
  readonly #blocks = new BoundedCache<number, BlockRecord>(CACHED_BYTES);
  readonly #receipts = new BoundedCache<number, readonly Receipt[]>(CACHED_BYTES);

  constructor(store: StoreReader) {
    this.#store = store;
  }

  /** What a committed block adds to the store. */
  writes(record: BlockRecord, receipts: readonly Receipt[]): Write[] {
    const { block } = record;
    const { number } = block.header;
    const out: Write[] = [
      { key: numbered(BLOCK, number), value: encodeBlockRecord(record) },
      { key: numbered(HASH, number), value: block.hash },
      { key: hashed(NUMBER, block.hash), value: uint(number, 8) },
    ];
    if (receipts.length > 0) out.push({ key: numbered(RECEIPTS, number), value: encodeStoredReceipts(receipts) });
    for (const [index, hash] of block.transactionHashes.entries()) {
      out.push({ key: hashed(TRANSACTION, hash), value: Buffer.concat([uint(number, 8), uint(index, 4)]) });
    }
    if (receipts.some(({ logs }) => logs.length > 0)) {
      out.push({ key: numbered(BLOOM, number), value: block.header.logsBloom });
    }
    return out;
  }

  /** A certified block that comes without its transactions: what BLOCKHASH reads, and what snapshots pass on. */
  headerWrites(header: BlockHeader): Write[] {
    return [
      { key: numbered(HEADER, header.number), value: encodeHeader(header) },
      { key: numbered(HASH, header.number), value: headerHash(header) },
    ];
  }

  /** Of a block that is here, whole or by its header only. */
  header(number: number): BlockHeader | undefined {
    const bytes = this.#store.get(numbered(HEADER, number));
    if (bytes === undefined) return this.block(number)?.block.header;
    const header = decodeHeader(bytes);
    if (header === undefined) throw new ChainError("store-damaged", `header ${number} does not decode`);
    return header;
  }

  /** What the removal of a block takes from the store, whether it is here whole or by its header only. */
  removals(number: number): Write[] {
    const out = [BLOCK, RECEIPTS, HASH, BLOOM, HEADER].map((prefix) => numbered(prefix, number));
    const record = this.block(number);
    if (record !== undefined) {
      out.push(hashed(NUMBER, record.block.hash));
      for (const hash of record.block.transactionHashes) out.push(hashed(TRANSACTION, hash));
    }
    return out.map((key) => ({ key, value: undefined }));
  }

  /** The block was removed. */
  forget(number: number): void {
    this.#blocks.delete(number);
    this.#receipts.delete(number);
  }

  /** The block was written. */
  remember(record: BlockRecord, receipts: readonly Receipt[]): void {
    const { number } = record.block.header;
    this.#blocks.set(number, record, weightOfBlock(record));
    this.#receipts.set(number, receipts, weightOfReceipts(receipts));
  }

  block(number: number): BlockRecord | undefined {
    const cached = this.#blocks.get(number);
    if (cached !== undefined) return cached;
    const bytes = this.#store.get(numbered(BLOCK, number));
    if (bytes === undefined) return undefined;
    const record = decodeBlockRecord(bytes);
    if (record === undefined) throw new ChainError("store-damaged", `block ${number} does not decode`);
    this.#blocks.set(number, record, weightOfBlock(record));
    return record;
  }

  receipts(number: number): readonly Receipt[] {
    const cached = this.#receipts.get(number);
    if (cached !== undefined) return cached;
    const bytes = this.#store.get(numbered(RECEIPTS, number));
    const receipts = bytes === undefined ? [] : decodeStoredReceipts(bytes);
    if (receipts === undefined) throw new ChainError("store-damaged", `receipts of block ${number} do not decode`);
    this.#receipts.set(number, receipts, weightOfReceipts(receipts));
    return receipts;
  }

  hash(number: number): Uint8Array | undefined {
    return this.#store.get(numbered(HASH, number));
  }

  number(hash: Uint8Array): number | undefined {
    const bytes = this.#store.get(hashed(NUMBER, hash));
    return bytes === undefined ? undefined : Number(Buffer.from(bytes).readBigUInt64BE(0));
  }

  /** Where a transaction was included. */
  locate(hash: Uint8Array): { readonly number: number; readonly index: number } | undefined {
    const bytes = this.#store.get(hashed(TRANSACTION, hash));
    if (bytes === undefined) return undefined;
    const buffer = Buffer.from(bytes);
    return { number: Number(buffer.readBigUInt64BE(0)), index: buffer.readUInt32BE(8) };
  }

  /** Blocks with logs from..to (inclusive) with their blooms, ascending. */
  async *blooms(from: number, to: number): AsyncIterable<{ readonly number: number; readonly bloom: Uint8Array }> {
    for await (const [key, bloom] of this.#store.range(numbered(BLOOM, from), numbered(BLOOM, to + 1))) {
      yield { number: Number(Buffer.from(key).readBigUInt64BE(1)), bloom };
    }
  }
}
