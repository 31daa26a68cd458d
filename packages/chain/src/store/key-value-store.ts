/** One change of a batch: a value, or undefined for a removal. */
export type Write = { readonly key: Uint8Array; readonly value: Uint8Array | undefined };

/** Ordered bytes to bytes. One owner at a time. `MemoryStore` and `LevelStore` pass the same suite. */
export interface KeyValueStore {
  /** Synchronous: the EVM reads in the middle of a computation. The bytes are the caller's to keep. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** All or nothing, also across a crash of the process. Batches take effect in the order of the calls. */
  write(batch: readonly Write[]): Promise<void>;
  /** Entries with start <= key < end, ascending, as of the call. */
  range(start: Uint8Array, end: Uint8Array): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
  /** Idempotent. Afterwards reads and writes fail with ChainError `closed`. */
  close(): Promise<void>;
}
