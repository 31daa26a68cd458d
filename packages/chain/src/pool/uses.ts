import { concat, equal, toBigInt, uint } from "@tributary/protocol/bytes/bytes";
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

/** The book is kept after so many blocks and uses, and again after so many for each account in it: writes stay few. */
const KEPT_AFTER = 256;
const KEPT_AFTER_EACH = 2;

export type BookKeeperParts = {
  readonly ledger: Ledger;
  readonly settings: GaslessSettings;
  readonly book: CreditBook;
  /** As of the ledger's head. */
  readonly users: () => Users;
};

/** Keeps the book in the ledger, from time to time, and fills it from there. */
export class BookKeeper {
  readonly #parts: BookKeeperParts;
  /** Blocks and uses that are in the book and not in the one that was kept last. */
  #since = 0;

  constructor(parts: BookKeeperParts) {
    this.#parts = parts;
  }

  /** After a block whose uses are in the book, and how many they were. */
  observed({ header, hash }: Block, uses: number): void {
    const { ledger, book } = this.#parts;
    this.#since += 1 + uses;
    if (this.#since < Math.max(KEPT_AFTER, KEPT_AFTER_EACH * book.size)) return;
    this.#since = 0;
    ledger.keepUses(concat(uint(header.number, 8), hash, book.encode()));
  }

  /** Makes the book what the ledger's blocks say: from what was kept, and the blocks since then that still count. */
  recall(): void {
    const { ledger, settings, book } = this.#parts;
    const { header } = ledger.head;
    const since = header.timestamp - Math.max(settings.historySeconds, settings.creditSeconds);
    book.clear();
    const oldest = Math.max(ledger.earliest, header.number - MAX_RECALLED, (this.#restore() ?? -1) + 1, 0);
    const records: BlockRecord[] = [];
    for (let number = header.number; number >= oldest; number--) {
      const record = ledger.blocks.block(number);
      if (record === undefined || record.block.header.timestamp < since) break;
      records.push(record);
    }
    // Else a member that starts often would read more each time.
    this.#since = records.length;
    const users = this.#parts.users();
    for (const record of records.reverse()) {
      if (record.block.transactions.length === 0) continue;
      const { number, timestamp } = record.block.header;
      const uses = usesIn(record, ledger.blocks.receipts(number), users);
      this.#since += uses.length;
      book.observe(timestamp, uses);
    }
  }

  /** The block after which the book was kept that it holds now; undefined where none of this chain was. */
  #restore(): number | undefined {
    const { ledger, book } = this.#parts;
    const kept = ledger.keptUses;
    if (kept === undefined || kept.length < 40) return undefined;
    const number = Number(toBigInt(kept.subarray(0, 8)));
    // A block that was taken back since, on a chain under development, is not there, or is another one.
    const hash = number > ledger.head.header.number ? undefined : ledger.blocks.hash(number);
    if (hash === undefined || !equal(hash, kept.subarray(8, 40))) return undefined;
    return book.restore(kept.subarray(40)) ? number : undefined;
  }
}
