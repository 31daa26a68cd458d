import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from "../predeploy-addresses.ts";
import { fromKey, toKey } from "../store/key.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { STORAGE_PREFIX } from "./flat-key.ts";

/** Entries of a block: the new value, or undefined for a removal. */
export type Values = ReadonlyMap<string, Uint8Array | undefined>;

/** Reads flat state at one block. Values must not be changed. */
export interface StateReader {
  get(key: string): Uint8Array | undefined;
}

/** Values kept of the state on disk, hot ones; an ERC-20 transfer touches three. About 200 bytes each. */
const CACHED_VALUES = 100_000;
/**
 * Storage that is written round a ring, each slot once in hours (EIP-2935, EIP-4788), and hardly read: its 24,573 slots
 * would take the place of values that are.
 */
const HISTORY_STORAGE: string = STORAGE_PREFIX + toKey(HISTORY_ADDRESS);
const BEACON_ROOTS_STORAGE: string = STORAGE_PREFIX + toKey(BEACON_ROOTS_ADDRESS);

/** The newest committed state: what is in the store, behind a bounded cache of two generations. */
export class StoredState implements StateReader {
  readonly #store: KeyValueStore;
  #young = new Map<string, Uint8Array | undefined>();
  #old = new Map<string, Uint8Array | undefined>();

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  get(key: string): Uint8Array | undefined {
    if (this.#young.has(key)) return this.#young.get(key);
    const value = this.#old.has(key) ? this.#old.get(key) : this.#store.get(fromKey(key));
    this.#remember(key, value);
    return value;
  }

  /** The values were written to the store. */
  update(values: Values): void {
    for (const [key, value] of values) this.#remember(key, value);
  }

  #remember(key: string, value: Uint8Array | undefined): void {
    if (key.startsWith(HISTORY_STORAGE) || key.startsWith(BEACON_ROOTS_STORAGE)) return;
    if (this.#young.size >= CACHED_VALUES / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

/**
 * State after one block: some values over another state. While a block is not committed, the other state is its
 * parent's. On commit the roles turn round (Baker's rerooting): the block becomes the stored state, and the parent
 * becomes the old values over it, so that whoever still reads the parent sees what he saw.
 */
export class StateView implements StateReader {
  #values: Values;
  #rest: StateReader;

  constructor(values: Values, rest: StateReader) {
    this.#values = values;
    this.#rest = rest;
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#values.get(key);
    if (value !== undefined || this.#values.has(key)) return value;
    return this.#rest.get(key);
  }

  /** From now on reads `values` over `rest`; what `get` gives must not change by it. */
  become(values: Values, rest: StateReader): void {
    this.#values = values;
    this.#rest = rest;
  }
}
