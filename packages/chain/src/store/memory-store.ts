import { ChainError } from "../chain-error.ts";
import { fromKey, toKey } from "./key.ts";
import type { KeyValueStore, StoreSnapshot, Write } from "./key-value-store.ts";

/** Keeps everything in memory. For tests and for chains that nobody needs tomorrow. */
export class MemoryStore implements KeyValueStore {
  #entries: Map<string, Uint8Array> | undefined = new Map();

  get(key: Uint8Array): Uint8Array | undefined {
    const value = this.#open().get(toKey(key));
    return value === undefined ? undefined : new Uint8Array(value);
  }

  async write(batch: readonly Write[]): Promise<void> {
    const entries = this.#open();
    for (const { key, value } of batch) {
      if (value === undefined) entries.delete(toKey(key));
      else entries.set(toKey(key), new Uint8Array(value));
    }
  }

  async *range(start: Uint8Array, end: Uint8Array): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
    const from = toKey(start);
    const to = toKey(end);
    const inside = [...this.#open()].filter(([key]) => key >= from && key < to);
    inside.sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, value] of inside) yield [new Uint8Array(fromKey(key)), new Uint8Array(value)];
  }

  /** Values are never changed in place, so a copy of the map is one of all. */
  snapshot(): StoreSnapshot {
    const copy = new MemoryStore();
    copy.#entries = new Map(this.#open());
    return copy;
  }

  async close(): Promise<void> {
    this.#entries = undefined;
  }

  #open(): Map<string, Uint8Array> {
    if (this.#entries === undefined) throw new ChainError("closed", "the store is closed");
    return this.#entries;
  }
}
