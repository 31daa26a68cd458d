import { equal } from "@tributary/protocol/bytes/bytes";
import { mayContain } from "../block/bloom.ts";
import type { EthereumBlock } from "../block/ethereum.ts";
import type { LocatedLog, Log, Receipt } from "../block/receipt.ts";
import { ChainError } from "../chain-error.ts";
import type { BlockStore } from "../ledger/block-store.ts";
import type { LogFilter } from "./reader.ts";

/** Blocks of one query. */
export const MAX_LOG_BLOCKS = 10_000;
/** Logs of one answer, and bytes of their data: at a very high gas limit a block alone can hold more of either. */
export const MAX_LOG_RESULTS = 10_000;
export const MAX_LOG_BYTES: number = 16 * 1024 * 1024;

type Criteria = Pick<LogFilter, "addresses" | "topics">;

function anyOf(values: readonly Uint8Array[] | undefined, test: (value: Uint8Array) => boolean): boolean {
  return values === undefined || values.length === 0 || values.some(test);
}

/** False: the block has no log that matches. */
export function bloomMatches(bloom: Uint8Array, { addresses, topics }: Criteria): boolean {
  const inBloom = (value: Uint8Array): boolean => mayContain(bloom, value);
  return anyOf(addresses, inBloom) && (topics ?? []).every((values) => anyOf(values, inBloom));
}

function logMatches(log: Log, { addresses, topics }: Criteria): boolean {
  if (!anyOf(addresses, (address) => equal(address, log.address))) return false;
  return (topics ?? []).every((values, position) => {
    const topic = log.topics[position];
    // A position beyond the log's topics matches nothing, not even the wildcard.
    return topic !== undefined && anyOf(values, (value) => equal(value, topic));
  });
}

/** The block's logs that match, with their places. */
export function logsIn(
  { block }: { readonly block: EthereumBlock },
  receipts: readonly Pick<Receipt, "logs">[],
  criteria: Criteria,
): LocatedLog[] {
  const out: LocatedLog[] = [];
  const { number, timestamp } = block.header;
  let logIndex = 0;
  for (const [transactionIndex, { logs }] of receipts.entries()) {
    const transactionHash = block.transactionHashes[transactionIndex] ?? new Uint8Array(32);
    for (const log of logs) {
      if (logMatches(log, criteria)) {
        const at = { blockNumber: number, blockHash: block.hash, timestamp, transactionIndex };
        out.push({ ...at, log, transactionHash, logIndex });
      }
      logIndex++;
    }
  }
  return out;
}

/** Logs of one answer as they are found. */
export class FoundLogs {
  readonly logs: LocatedLog[] = [];
  #bytes = 0;

  /** Those of a block. ChainError `limit-exceeded` where all together are too many or too large. */
  add(logs: readonly LocatedLog[]): void {
    for (const located of logs) {
      this.logs.push(located);
      this.#bytes += located.log.data.length;
    }
    if (this.logs.length > MAX_LOG_RESULTS) {
      throw new ChainError("limit-exceeded", `query returned more than ${MAX_LOG_RESULTS} results`);
    }
    if (this.#bytes > MAX_LOG_BYTES) {
      throw new ChainError("limit-exceeded", `query returned logs with more than ${MAX_LOG_BYTES} bytes of data`);
    }
  }
}

/** Logs of a range of certified blocks; only blocks whose bloom matches are read. */
export async function searchLogs(blocks: BlockStore, filter: LogFilter, head: number): Promise<LocatedLog[]> {
  const to = Math.min(filter.toBlock, head);
  const count = to - filter.fromBlock + 1;
  if (count > MAX_LOG_BLOCKS) {
    throw new ChainError("limit-exceeded", `a query covers at most ${MAX_LOG_BLOCKS} blocks, not ${count}`);
  }
  const found = new FoundLogs();
  if (count <= 0) return found.logs;
  for await (const { number, bloom } of blocks.blooms(filter.fromBlock, to)) {
    if (!bloomMatches(bloom, filter)) continue;
    const record = blocks.block(number);
    if (record === undefined) continue;
    found.add(logsIn(record, blocks.receipts(number), filter));
  }
  return found.logs;
}
