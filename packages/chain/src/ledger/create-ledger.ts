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
import { BUCKET_PREFIX, bucketKey, GENESIS_KEY, HEAD_KEY, PARAMETERS_KEY } from "./ledger-key.ts";

/** Entries of the genesis state in one batch. */
const BATCH_ENTRIES = 10_000;

/**
 * Sees to it that the store holds the chain of these parameters, and writes block 0 into an empty one. The state of a
 * large genesis is computed once: its parameters' digest is kept beside it. ChainError `genesis-mismatch`.
 */
export async function createLedger(
  store: KeyValueStore,
  blocks: BlockStore,
  parameters: GenesisParameters,
): Promise<void> {
  const digest = parametersDigest(parameters);
  const stored = store.get(GENESIS_KEY);
  const known = store.get(PARAMETERS_KEY);
  if (stored !== undefined && known !== undefined && equal(known, digest)) return;
  const genesis = await buildGenesisInTurns(parameters);
  const { hash } = genesis.block;
  if (stored !== undefined) {
    if (!equal(stored, hash)) {
      const what = `the store holds a chain with genesis ${toHex(stored)}, not ${toHex(hash)}`;
      throw new ChainError("genesis-mismatch", what);
    }
    await store.write([{ key: PARAMETERS_KEY, value: digest }]);
    return;
  }
  await clear(store);
  let batch: Write[] = [];
  for (const [key, value] of genesis.entries()) {
    batch.push({ key: fromKey(key), value });
    if (batch.length < BATCH_ENTRIES) continue;
    await store.write(batch);
    batch = [];
  }
  await store.write([
    ...batch,
    ...genesis.buckets.changed.map((bucket) => ({
      key: bucketKey(bucket),
      value: genesis.buckets.accumulator(bucket),
    })),
    ...blocks.writes({ block: genesis.block, senders: [] }, []),
    { key: HEAD_KEY, value: uint(0, 8) },
    { key: PARAMETERS_KEY, value: digest },
    { key: GENESIS_KEY, value: hash },
  ]);
}

/** A crash may have left a part of a genesis, and it need not have been of these parameters. */
async function clear(store: KeyValueStore): Promise<void> {
  for (const prefix of [ACCOUNT_PREFIX, STORAGE_PREFIX, CODE_PREFIX, BUCKET_PREFIX]) {
    let batch: Write[] = [];
    for await (const [key] of store.range(fromKey(prefix), Uint8Array.of(prefix.charCodeAt(0) + 1))) {
      batch.push({ key, value: undefined });
      if (batch.length < BATCH_ENTRIES) continue;
      await store.write(batch);
      batch = [];
    }
    await store.write(batch);
  }
}
