import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { type GenesisEntries, genesisEntries } from "../genesis/genesis.ts";
import { ACCOUNT_PREFIX, CODE_PREFIX, STORAGE_PREFIX } from "../state/flat-key.ts";
import { fromKey, toKey } from "../store/key.ts";
import type { KeyValueStore, StoreSnapshot, Write } from "../store/key-value-store.ts";
import { BlockStore } from "./block-store.ts";
import { GENESIS_KEY } from "./ledger-key.ts";

/** Entries of the genesis state in one batch. */
const BATCH_ENTRIES = 10_000;
const STATE_PREFIXES: ReadonlySet<number> = new Set(
  [ACCOUNT_PREFIX, STORAGE_PREFIX, CODE_PREFIX].map((prefix) => prefix.charCodeAt(0)),
);

/**
 * A store that holds block 0 and not yet the state of it: entries are computed as they are read. They are written before
 * anything else is, which is when the first block is committed, or when somebody reads a range. Whatever part of them a
 * crash leaves is the same as what is computed, and GENESIS_KEY comes with the last of them.
 */
export class GenesisStore implements KeyValueStore {
  readonly #store: KeyValueStore;
  readonly #parameters: GenesisParameters;
  #entries: GenesisEntries | undefined;
  #writing: Promise<void> | undefined;
  #whole = false;

  constructor(store: KeyValueStore, parameters: GenesisParameters) {
    this.#store = store;
    this.#parameters = parameters;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const stored = this.#store.get(key);
    if (stored !== undefined || this.#whole || !STATE_PREFIXES.has(key[0] ?? 0)) return stored;
    return this.#computed().get(toKey(key));
  }

  async *range(start: Uint8Array, end: Uint8Array): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]> {
    if (!this.#whole) await this.whole();
    yield* this.#store.range(start, end);
  }

  write(batch: readonly Write[]): Promise<void> {
    return this.#whole ? this.#store.write(batch) : this.whole().then(() => this.#store.write(batch));
  }

  snapshot(): StoreSnapshot {
    return this.#whole ? this.#store.snapshot() : this.#pendingSnapshot();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Resolves when all of the state is in the store. */
  whole(): Promise<void> {
    this.#writing ??= this.#write();
    return this.#writing;
  }

  #computed(): GenesisEntries {
    this.#entries ??= genesisEntries(this.#parameters);
    return this.#entries;
  }

  async #write(): Promise<void> {
    let batch: Write[] = [];
    for (const [key, value] of this.#computed().all()) {
      batch.push({ key: fromKey(key), value });
      if (batch.length < BATCH_ENTRIES) continue;
      await this.#store.write(batch);
      batch = [];
    }
    const genesis = new BlockStore(this.#store).hash(0);
    if (genesis === undefined) throw new RangeError("block 0 is there");
    await this.#store.write([...batch, { key: GENESIS_KEY, value: genesis }]);
    this.#whole = true;
    this.#entries = undefined;
  }

  /** Taken when the state is whole: what is written after this call waits for that too, and comes behind it. */
  #pendingSnapshot(): StoreSnapshot {
    let taken: StoreSnapshot | undefined;
    const taking = this.whole().then(() => {
      taken = this.#store.snapshot();
      return taken;
    });
    taking.catch(() => undefined);
    return {
      get: (key) => (taken ?? this).get(key),
      async *range(start, end) {
        yield* (await taking).range(start, end);
      },
      close: async () => (await taking).close(),
    };
  }
}
