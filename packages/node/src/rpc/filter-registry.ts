import { randomBytes } from "node:crypto";
import type { ChainReader } from "@tributary/chain";
import { data } from "./hex.ts";
import { FILTER_IDLE_MS, MAX_FILTER_BACKLOG, MAX_FILTERS } from "./limits.ts";
import type { LogMatch, LogQuery } from "./log-filter.ts";
import { logsSince, oneAnswer } from "./log-query.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";
import { logShape } from "./shape/log.ts";

type Filter = { usedAt: number } & (
  | { readonly kind: "logs"; readonly query: LogQuery; readonly match: LogMatch; next: number }
  | { readonly kind: "blocks"; next: number }
  | { readonly kind: "pending"; backlog: string[] }
);

/**
 * The polled filters of one chain (eth_newFilter and its kin). Blocks and logs are looked up when asked for, so a filter
 * costs a number; only pending transactions are kept, up to a bound. A filter that nobody polls goes after five minutes.
 */
export class FilterRegistry {
  readonly #chain: ChainReader;
  readonly #now: () => number;
  readonly #filters = new Map<string, Filter>();
  #stopPending: (() => void) | undefined;

  /** `now` in milliseconds, monotonic. */
  constructor(chain: ChainReader, now: () => number) {
    this.#chain = chain;
    this.#now = now;
  }

  get size(): number {
    return this.#filters.size;
  }

  addLogs(query: LogQuery): string {
    const match = { addresses: query.addresses, topics: query.topics };
    return this.#add({ kind: "logs", query, match, next: this.#nextBlock(), usedAt: this.#now() });
  }

  addBlocks(): string {
    return this.#add({ kind: "blocks", next: this.#nextBlock(), usedAt: this.#now() });
  }

  addPending(): string {
    const id = this.#add({ kind: "pending", backlog: [], usedAt: this.#now() });
    this.#stopPending ??= this.#chain.onPendingTransaction((transaction) => this.#collect(data(transaction.hash)));
    return id;
  }

  remove(id: string): boolean {
    const removed = this.#filters.delete(id);
    this.#releasePending();
    return removed;
  }

  /** The query of a log filter. */
  query(id: string): LogQuery {
    const filter = this.#get(id);
    if (filter.kind !== "logs") throw notFound();
    return filter.query;
  }

  /** What is new since the last poll. */
  async changes(id: string): Promise<readonly unknown[]> {
    const filter = this.#get(id);
    if (filter.kind === "pending") {
      const backlog = filter.backlog;
      filter.backlog = [];
      return backlog;
    }
    const head = this.#chain.head.header.number;
    if (filter.kind === "logs") return this.#newLogs(filter, head);
    const hashes: string[] = [];
    while (filter.next <= head && hashes.length < MAX_FILTER_BACKLOG) {
      const block = this.#chain.block(filter.next++);
      if (block !== undefined) hashes.push(data(block.hash));
    }
    return hashes;
  }

  /** The chain was taken back: what is new from now on is above the head as it is now. */
  rewound(): void {
    const next = this.#nextBlock();
    for (const filter of this.#filters.values()) {
      if (filter.kind !== "pending") filter.next = Math.min(filter.next, next);
    }
  }

  /** Drops all filters and listeners. */
  close(): void {
    this.#filters.clear();
    this.#releasePending();
  }

  async #newLogs(filter: Filter & { readonly kind: "logs" }, head: number): Promise<readonly unknown[]> {
    const { range } = filter.query;
    const last = range.kind === "range" && typeof range.to === "number" ? Math.min(range.to, head) : head;
    const first = filter.next;
    if (range.kind === "block" || first > last) return [];
    const { logs, next } = await logsSince(this.#chain, first, last, filter.match);
    // Two polls at once: the one that ends first moves the filter, the other one's logs were already given.
    if (filter.next !== first) return [];
    filter.next = next;
    // One block's logs come whole. Refused, they are passed over all the same: a poll that asks for them again would
    // never get any further.
    const advice = `ask for block ${first} with addresses or topics; the next poll goes on behind it`;
    return (next === first + 1 ? oneAnswer(logs, advice) : logs).map(logShape);
  }

  #add(filter: Filter): string {
    this.#expire();
    if (this.#filters.size >= MAX_FILTERS) {
      throw new RpcError(RPC_CODE.limitExceeded, `too many filters: this chain keeps at most ${MAX_FILTERS}`);
    }
    const id = data(randomBytes(16));
    this.#filters.set(id, filter);
    return id;
  }

  #get(id: string): Filter {
    this.#expire();
    const filter = this.#filters.get(id);
    if (filter === undefined) throw notFound();
    filter.usedAt = this.#now();
    // Kept in order of use, so that expiry looks at the front only.
    this.#filters.delete(id);
    this.#filters.set(id, filter);
    return filter;
  }

  #expire(): void {
    const limit = this.#now() - FILTER_IDLE_MS;
    for (const [id, filter] of this.#filters) {
      if (filter.usedAt > limit) break;
      this.#filters.delete(id);
    }
    this.#releasePending();
  }

  #collect(hash: string): void {
    for (const filter of this.#filters.values()) {
      if (filter.kind !== "pending") continue;
      filter.backlog.push(hash);
      // In halves, because taking one from the front of a full list costs as much as the list is long.
      if (filter.backlog.length > 2 * MAX_FILTER_BACKLOG) filter.backlog = filter.backlog.slice(-MAX_FILTER_BACKLOG);
    }
    this.#expire();
  }

  #releasePending(): void {
    if (this.#stopPending === undefined) return;
    for (const filter of this.#filters.values()) if (filter.kind === "pending") return;
    this.#stopPending();
    this.#stopPending = undefined;
  }

  #nextBlock(): number {
    return this.#chain.head.header.number + 1;
  }
}

function notFound(): RpcError {
  return new RpcError(RPC_CODE.server, "filter not found");
}
