import type { HexHash } from "@tributary/protocol/consensus/types";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { decodeToyTransaction } from "./toy-transaction.ts";

/** A broken promise: ends the run. */
export class Violation extends Error {
  readonly code = "violation";
}

/** Knows what all honest members together have agreed on. */
export class Oracle {
  /** By era and height: what an era only ordered, and nobody claimed, the next one orders anew. */
  readonly #orders = new Map<string, HexHash>();
  /** By height, whatever the era: what was final once is final for ever. */
  readonly #containers = new Map<string, HexHash>();
  readonly #contents = new Map<number, readonly OrderedTransaction[]>();
  /** Transactions by hash, with the height that executed them. */
  readonly #executed = new Map<string, number>();
  readonly #acknowledged = new Set<string>();
  /** Highest height at which an acknowledged transaction was executed. */
  #lastNeeded = 0;

  ordered(seat: number, era: number, height: number, digest: HexHash): void {
    this.#agree(this.#orders, "order", seat, `${era}.${height}`, digest);
  }

  committed(seat: number, height: number, hash: HexHash): void {
    this.#agree(this.#containers, "container", seat, String(height), hash);
  }

  /** The transactions of a committed height, as one member's pool heard of them. */
  contents(height: number, transactions: readonly OrderedTransaction[]): void {
    if (this.#contents.has(height)) return;
    this.#contents.set(height, transactions);
    for (const { raw, mark } of transactions) {
      if (mark !== "executed") continue;
      const hash = decodeToyTransaction(raw)?.hash ?? "";
      const earlier = this.#executed.get(hash);
      if (earlier !== undefined) throw new Violation(`${hash} executed at ${earlier} and at ${height}`);
      this.#executed.set(hash, height);
      if (this.#acknowledged.has(hash)) this.#lastNeeded = Math.max(this.#lastNeeded, height);
    }
  }

  acknowledged(hash: string): void {
    this.#acknowledged.add(hash);
    this.#lastNeeded = Math.max(this.#lastNeeded, this.#executed.get(hash) ?? 0);
  }

  get outstanding(): number {
    let count = 0;
    for (const hash of this.#acknowledged) if (!this.#executed.has(hash)) count += 1;
    return count;
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.size;
  }

  /** Height that every member must have committed for all acknowledged transactions to be in. */
  get lastNeeded(): number {
    return this.#lastNeeded;
  }

  #agree(known: Map<string, HexHash>, what: string, seat: number, height: string, value: HexHash): void {
    const first = known.get(height);
    if (first === undefined) known.set(height, value);
    else if (first !== value) throw new Violation(`${what} ${height}: member ${seat} has ${value}, others ${first}`);
  }
}
