import { existsSync } from "node:fs";
import { concat } from "@tributary/protocol/bytes/bytes";
import { merkleBranch } from "@tributary/protocol/container/merkle";
import type { Block } from "../block/block.ts";
import { ChainError } from "../chain-error.ts";
import { BlockStore } from "../ledger/block-store.ts";
import { storedHead } from "../ledger/ledger.ts";
import { MAX_PROOF_BYTES } from "../proof/bucket-proof.ts";
import type { BucketProof } from "../proof/state-proof.ts";
import { putEntry } from "../snapshot/bucket-bytes.ts";
import { statePath } from "../snapshot/install.ts";
import { digestsOf } from "../snapshot/snapshot-writer.ts";
import { bucketOf } from "../state/bucket-set.ts";
import { ACCOUNT_PREFIX, STORAGE_PREFIX } from "../state/flat-key.ts";
import { fromKey } from "../store/key.ts";
import type { StoreReader } from "../store/key-value-store.ts";
import { LevelStore } from "../store/level-store.ts";

/** Buckets of the state after the newest block that is certified; undefined where they are more than MAX_PROOF_BYTES. */
export type DirectoryProof = { readonly block: Block; readonly buckets: readonly BucketProof[] | undefined };

/**
 * Buckets of the state in a chain's folder that no process has open, ascending. One pass over the state, in memory the
 * buckets alone. ChainError where there is no database, or it cannot be opened or read.
 */
export async function proveDirectory(directory: string, buckets: readonly number[]): Promise<DirectoryProof> {
  const folder = statePath(directory);
  // Opening a folder without a database would make one.
  if (!existsSync(folder)) throw new ChainError("store-damaged", `there is no database in ${folder}`);
  const store = await LevelStore.open(folder);
  try {
    const { block } = storedHead(store, new BlockStore(store));
    const entries = await entriesOf(store, buckets);
    const digests = digestsOf(store, block.header.number);
    const proofs = entries?.map(([bucket, parts]) => ({
      bucket,
      entries: concat(...parts),
      siblings: merkleBranch(digests, bucket).siblings,
    }));
    return { block, buckets: proofs };
  } finally {
    await store.close();
  }
}

/** Encoded entries of each bucket, by ascending key. */
async function entriesOf(
  store: StoreReader,
  buckets: readonly number[],
): Promise<readonly (readonly [bucket: number, entries: readonly Uint8Array[]])[] | undefined> {
  const found = new Map<number, Uint8Array[]>(buckets.map((bucket) => [bucket, []]));
  let bytes = 0;
  for (const prefix of [ACCOUNT_PREFIX, STORAGE_PREFIX]) {
    const end = Uint8Array.of(prefix.charCodeAt(0) + 1);
    for await (const [key, value] of store.range(fromKey(prefix), end)) {
      const wanted = found.get(bucketOf(key));
      if (wanted === undefined) continue;
      const entry = new Uint8Array(2 + key.length + value.length);
      putEntry(entry, 0, key, value);
      bytes += entry.length;
      if (bytes > MAX_PROOF_BYTES) return undefined;
      wanted.push(entry);
    }
  }
  return [...found].sort(([a], [b]) => a - b);
}
