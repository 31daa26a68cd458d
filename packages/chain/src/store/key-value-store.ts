/** One change of a batch: a value, or undefined for a removal. */
export type Write = { readonly key: Uint8Array; readonly value: Uint8Array | undefined };

/** Ordered bytes to bytes, to be read. */
export interface StoreReader {
  /** Synchronous: the EVM reads in the middle of a computation. The bytes are the caller's to keep. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** Entries with start <= key < end, ascending, as of the call. */
  range(start: Uint8Array, end: Uint8Array): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
}

/** The entries as they were at one moment, between two batches. Holds space in the store until it is closed. */
export interface StoreSnapshot extends StoreReader {
  /** Idempotent. */
  close(): Promise<void>;
}

/** A store of one owner at a time. `MemoryStore` and `LevelStore` pass the same suite. */
export interface KeyValueStore extends StoreReader {
  /** All or nothing, also across a crash of the process. Batches take effect in the order of the calls. */
  write(batch: readonly Write[]): Promise<void>;
  /** All that was written by now, whatever is written later. Close it before the store. */
  snapshot(): StoreSnapshot;
  /** Idempotent. Afterwards reads and writes fail with ChainError `closed`. */
  close(): Promise<void>;
}
