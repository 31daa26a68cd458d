import { equal, uint } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { ChainError } from "../chain-error.ts";
import { buildGenesisInTurns } from "../genesis/genesis.ts";
import { parametersDigest } from "../genesis/parameters-digest.ts";
import { ACCOUNT_PREFIX, CODE_PREFIX, STORAGE_PREFIX } from "../state/flat-key.ts";
import { fromKey } from "../store/key.ts";
import type { KeyValueStore, Write } from "../store/key-value-store.ts";
import type { BlockStore } from "./block-store.ts";
import { GenesisStore } from "./genesis-store.ts";
import { BUCKET_PREFIX, bucketKey, GENESIS_KEY, HEAD_KEY, PARAMETERS_KEY } from "./ledger-key.ts";

/** Accounts in the parameters up to which the entries are written at once. */
const FEW_ACCOUNTS = 10_000;
const REMOVED_AT_ONCE = 10_000;

/**
 * Sees to it that the store holds the chain of these parameters, with block 0 at least, and gives the store to use from
 * then on. A genesis is computed once: its parameters' digest is kept beside it. The entries of a large one are written
 * when the first block is: who joins with a snapshot never needs them. ChainError `genesis-mismatch`.
 */
export async function createLedger(
  store: KeyValueStore,
  blocks: BlockStore,
  parameters: GenesisParameters,
): Promise<KeyValueStore> {
  const digest = parametersDigest(parameters);
  const known = store.get(PARAMETERS_KEY);
  const stored = blocks.hash(0);
  const pending = new GenesisStore(store, parameters);
  // GENESIS_KEY comes with the last entry.
  const found = store.get(GENESIS_KEY) === undefined ? pending : store;
  if (stored !== undefined && known !== undefined && equal(known, digest)) return found;
  const genesis = await buildGenesisInTurns(parameters);
  const { hash } = genesis.block;
  if (stored !== undefined) {
    if (!equal(stored, hash)) {
      const what = `the store holds a chain with genesis ${toHex(stored)}, not ${toHex(hash)}`;
      throw new ChainError("genesis-mismatch", what);
    }
    await store.write([{ key: PARAMETERS_KEY, value: digest }]);
    return found;
  }
  await clear(store);
  await store.write([
    ...genesis.buckets.changed.map((bucket) => ({
      key: bucketKey(bucket),
      value: genesis.buckets.accumulator(bucket),
    })),
    ...blocks.writes({ block: genesis.block, senders: [] }, []),
    { key: HEAD_KEY, value: uint(0, 8) },
    { key: PARAMETERS_KEY, value: digest },
  ]);
  if (parameters.allocation.length <= FEW_ACCOUNTS) await pending.whole();
  return pending;
}

/** Without block 0 there is no chain: what a crash left need not have been of these parameters. */
async function clear(store: KeyValueStore): Promise<void> {
  for (const prefix of [ACCOUNT_PREFIX, STORAGE_PREFIX, CODE_PREFIX, BUCKET_PREFIX]) {
    let batch: Write[] = [];
    for await (const [key] of store.range(fromKey(prefix), Uint8Array.of(prefix.charCodeAt(0) + 1))) {
      batch.push({ key, value: undefined });
      if (batch.length < REMOVED_AT_ONCE) continue;
      await store.write(batch);
      batch = [];
    }
    if (batch.length > 0) await store.write(batch);
  }
}
