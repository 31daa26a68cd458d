import { fromKey, toKey } from "../store/key.ts";
import type { GaslessSettings } from "./gasless.ts";

/** A transaction that a certified block holds. */
export type Use = {
  /** Sender, as a key. */
  readonly sender: string;
  readonly nonce: bigint;
  readonly gasUsed: number;
  /** Gas a second that the sender had priority for then; 0 where it says nothing. */
  readonly rate?: number;
};

type Debt = { readonly gas: number; readonly at: number };

/**
 * Accounts that are remembered, of each kind. Where more are used, the oldest count as if nothing was known of them:
 * an account with a past has history and its whole credit.
 */
const MAX_ACCOUNTS = 200_000;

/** Bytes of an account, and of a number, in a book that is kept. */
const KEY = 20;
const NUMBER = 8;

/** Key, then numbers, of each account. */
type Row = readonly [key: string, ...numbers: number[]];

/** u32 count ‖ rows, each of `width` numbers. */
function encodeRows(rows: readonly Row[], width: number): Buffer {
  const out = Buffer.alloc(4 + rows.length * (KEY + width * NUMBER));
  let at = out.writeUInt32BE(rows.length);
  for (const [key, ...numbers] of rows) {
    out.set(fromKey(key), at);
    at += KEY;
    for (const number of numbers) at = out.writeDoubleBE(number, at);
  }
  return out;
}

/** What `encodeRows` gave, and where it ends; undefined where it does not lie there. */
function decodeRows(bytes: Buffer, start: number, width: number): { rows: Row[]; end: number } | undefined {
  const row = KEY + width * NUMBER;
  if (bytes.length < start + 4) return undefined;
  const end = start + 4 + bytes.readUInt32BE(start) * row;
  if (bytes.length < end) return undefined;
  const rows: Row[] = [];
  for (let at = start + 4; at < end; at += row) {
    const numbers = Array.from({ length: width }, (_, i) => bytes.readDoubleBE(at + KEY + i * NUMBER));
    rows.push([toKey(bytes.subarray(at, at + KEY)), ...numbers]);
  }
  return { rows, end };
}

/**
 * What accounts used of the chain of late, by certified blocks alone, so that all members say about the same. Time is
 * the chain's, in seconds. Whoever is not in the book owes nothing, and was used long ago or never.
 */
export class CreditBook {
  readonly #settings: GaslessSettings;
  readonly #maxAccounts: number;
  /** When an account's first transaction was mined; ascending, until that gives it history. */
  readonly #since = new Map<string, number>();
  /** Least recently used first, until nothing is owed. */
  readonly #debts = new Map<string, Debt>();
  /** Of accounts with priority, as `#debts`. */
  readonly #spent = new Map<string, Debt & { readonly rate: number }>();

  constructor(settings: GaslessSettings, maxAccounts: number = MAX_ACCOUNTS) {
    this.#settings = settings;
    this.#maxAccounts = maxAccounts;
  }

  /** Accounts in the book. */
  get size(): number {
    return Math.max(this.#since.size, this.#debts.size, this.#spent.size);
  }

  /** Forgets all: the blocks that it saw were taken back. */
  clear(): void {
    this.#since.clear();
    this.#debts.clear();
    this.#spent.clear();
  }

  /** All of it, for `restore`: in the order in which it is forgotten. */
  encode(): Uint8Array {
    return Buffer.concat([
      this.#encodedSettings,
      encodeRows([...this.#since], 1),
      encodeRows(
        [...this.#debts].map(([key, { gas, at }]) => [key, gas, at]),
        2,
      ),
      encodeRows(
        [...this.#spent].map(([key, { gas, at, rate }]) => [key, gas, at, rate]),
        3,
      ),
    ]);
  }

  /** Fills an empty book; false, and it stays empty, where the bytes are none of a book with these settings. */
  restore(encoded: Uint8Array): boolean {
    const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
    const settings = this.#encodedSettings;
    if (!settings.equals(bytes.subarray(0, settings.length))) return false;
    const since = decodeRows(bytes, settings.length, 1);
    const debts = since && decodeRows(bytes, since.end, 2);
    const spent = debts && decodeRows(bytes, debts.end, 3);
    if (spent?.end !== bytes.length) return false;
    for (const [key, at = 0] of since?.rows ?? []) this.#since.set(key, at);
    for (const [key, gas = 0, at = 0] of debts?.rows ?? []) this.#debts.set(key, { gas, at });
    for (const [key, gas = 0, at = 0, rate = 0] of spent.rows) this.#spent.set(key, { gas, at, rate });
    return true;
  }

  /** Blocks in their order. */
  observe(time: number, uses: Iterable<Use>): void {
    const { creditPerSecond, creditSeconds } = this.#settings;
    for (const { sender, nonce, gasUsed, rate = 0 } of uses) {
      if (nonce === 0n) this.#since.set(sender, time);
      const gas = Math.min(this.debt(sender, time) + gasUsed, creditPerSecond * creditSeconds);
      this.#debts.delete(sender);
      this.#debts.set(sender, { gas, at: time });
      if (rate === 0) continue;
      const spent = Math.min(this.#spentOf(sender, rate, time) + gasUsed, rate * creditSeconds);
      this.#spent.delete(sender);
      this.#spent.set(sender, { gas: spent, at: time, rate });
    }
    this.#tidy(time);
  }

  /** `nonce`: the account's next one. */
  hasHistory(sender: string, nonce: bigint, time: number): boolean {
    const since = this.#since.get(sender);
    return nonce > 0n && (since === undefined || time - since >= this.#settings.historySeconds);
  }

  /** Gas that the account used and that its credit has not made up for yet. */
  debt(sender: string, time: number): number {
    const debt = this.#debts.get(sender);
    if (debt === undefined) return 0;
    return Math.max(0, debt.gas - Math.max(0, time - debt.at) * this.#settings.creditPerSecond);
  }

  /**
   * Gas that an account with priority for `rate` gas a second may use with it now. What it uses counts whether or not
   * others wanted it, and no further than to nothing: so it is never worse off for what it took in quiet times.
   */
  priority(sender: string, rate: number, time: number): number {
    return rate * this.#settings.creditSeconds - this.#spentOf(sender, rate, time);
  }

  /** Those that a kept book depends on. */
  get #encodedSettings(): Buffer {
    const { historySeconds, creditPerSecond, creditSeconds } = this.#settings;
    const out = Buffer.alloc(3 * NUMBER);
    out.writeDoubleBE(historySeconds);
    out.writeDoubleBE(creditPerSecond, NUMBER);
    out.writeDoubleBE(creditSeconds, 2 * NUMBER);
    return out;
  }

  #spentOf(sender: string, rate: number, time: number): number {
    const spent = this.#spent.get(sender);
    if (spent === undefined) return 0;
    return Math.max(0, spent.gas - Math.max(0, time - spent.at) * rate);
  }

  #tidy(time: number): void {
    for (const [sender, { rate }] of this.#spent) {
      if (this.#spentOf(sender, rate, time) > 0 && this.#spent.size <= this.#maxAccounts) break;
      this.#spent.delete(sender);
    }
    for (const [sender, since] of this.#since) {
      if (time - since < this.#settings.historySeconds && this.#since.size <= this.#maxAccounts) break;
      this.#since.delete(sender);
    }
    for (const sender of this.#debts.keys()) {
      if (this.debt(sender, time) > 0 && this.#debts.size <= this.#maxAccounts) break;
      this.#debts.delete(sender);
    }
  }
}
