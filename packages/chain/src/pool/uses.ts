import type { Block } from "../block/block.ts";
import type { BlockRecord } from "../ledger/block-record.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { RlpReader } from "../rlp/reader.ts";
import type { Priorities } from "../rules/priority-storage.ts";
import { toKey } from "../store/key.ts";
import type { CreditBook, Use } from "./credit-book.ts";
import type { GaslessSettings } from "./gasless.ts";

/** Blocks that a start looks back, whatever time they took: a second or so. */
const MAX_RECALLED = 5_000;

/** The nonce of a transaction that was executed. */
function nonceOf(raw: Uint8Array): bigint {
  const legacy = (raw[0] ?? 0) >= 0xc0;
  const reader = RlpReader.list(legacy ? raw : raw.subarray(1));
  if (!legacy) reader.uint(32);
  return reader.uint(8);
}

/** Who used what a block's transactions used. */
export type Users = {
  /** Key of the account that is charged for a transaction in its wire form, in place of its sender. */
  readonly sponsor?: (raw: Uint8Array, sender: Uint8Array) => string | undefined;
  /** Who had priority at a time of the chain, seconds. */
  readonly rates?: (time: number) => Priorities | undefined;
};

/** What a block's transactions used, and by whom. */
export function usesIn(
  {
    block,
    senders,
  }: { readonly block: Pick<Block, "transactions" | "header">; readonly senders: readonly Uint8Array[] },
  receipts: readonly { readonly gasUsed: number }[],
  users: Users = {},
): Use[] {
  const rates = users.rates?.(block.header.timestamp);
  return block.transactions.flatMap((raw, index) => {
    const sender = senders[index];
    const receipt = receipts[index];
    if (sender === undefined || receipt === undefined) return [];
    const { gasUsed } = receipt;
    const use = { sender: toKey(sender), nonce: nonceOf(raw) };
    const sponsor = users.sponsor?.(raw, sender);
    if (sponsor === undefined) return { ...use, gasUsed, rate: rates?.(sender) ?? 0 };
    return [
      { ...use, gasUsed: 0 },
      { sender: sponsor, nonce: 1n, gasUsed },
    ];
  });
}

/** Fills the book of a member that starts from the blocks that still count. */
export function recallUses(ledger: Ledger, settings: GaslessSettings, book: CreditBook, users: Users): void {
  const { header } = ledger.head;
  const since = header.timestamp - Math.max(settings.historySeconds, settings.creditSeconds);
  const oldest = Math.max(ledger.earliest, header.number - MAX_RECALLED, 0);
  const records: BlockRecord[] = [];
  for (let number = header.number; number >= oldest; number--) {
    const record = ledger.blocks.block(number);
    if (record === undefined || record.block.header.timestamp < since) break;
    if (record.block.transactions.length > 0) records.push(record);
  }
  for (const record of records.reverse()) {
    const { number, timestamp } = record.block.header;
    book.observe(timestamp, usesIn(record, ledger.blocks.receipts(number), users));
  }
}
