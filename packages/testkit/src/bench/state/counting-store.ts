import type { KeyValueStore, StoreSnapshot, Write } from "@tributary/chain/store/key-value-store";

/** Counts what passes to the store behind it. */
export class CountingStore implements KeyValueStore {
  readonly #store: KeyValueStore;
  /** Values asked for, found or not. */
  reads = 0;
  /** Entries of batches. */
  writes = 0;
  bytesWritten = 0;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.reads++;
    return this.#store.get(key);
  }

  write(batch: readonly Write[]): Promise<void> {
    this.writes += batch.length;
    for (const { key, value } of batch) this.bytesWritten += key.length + (value?.length ?? 0);
    return this.#store.write(batch);
  }

  range(start: Uint8Array, end: Uint8Array): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
    return this.#store.range(start, end);
  }

  snapshot(): StoreSnapshot {
    return this.#store.snapshot();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
