import { replaceWhole, writeWhole } from "@tributary/protocol/files/whole-file";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import type { BlockHeader } from "../block/block.ts";
import { BlockStore } from "../ledger/block-store.ts";
import { storedHead } from "../ledger/ledger.ts";
import { bucketsAt } from "../ledger/stored-buckets.ts";
import { BUCKETS, bucketOf } from "../state/bucket-set.ts";
import { ACCOUNT_PREFIX, STORAGE_PREFIX } from "../state/flat-key.ts";
import { fromKey } from "../store/key.ts";
import type { StoreReader, StoreSnapshot } from "../store/key-value-store.ts";
import { BucketBuffers } from "./bucket-buffers.ts";
import { bucketDigest } from "./bucket-bytes.ts";
import { encodeManifest, MAX_ANCESTORS } from "./manifest.ts";
import { bucketFile, clearSnapshot, MANIFEST_FILE } from "./snapshot-files.ts";

/** A chain as of one certified block, held while its snapshot is written. */
export class FrozenChain {
  /** Of the block. */
  readonly number: number;
  readonly #state: StoreSnapshot;

  constructor(state: StoreSnapshot) {
    this.#state = state;
    this.number = storedHead(state, new BlockStore(state)).block.header.number;
  }

  write(files: FileLayer, proof: Uint8Array): Promise<void> {
    return writeSnapshot(this.#state, files, proof);
  }

  /** Idempotent. Close it before the chain. */
  close(): Promise<void> {
    return this.#state.close();
  }
}

/**
 * Writes the state of one certified block as files, a bucket each, and the manifest last: a folder without one holds
 * nothing. One pass over the state in turns of a thousand entries, during which the chain goes on; 16 MiB of memory.
 * Nothing is synced but the manifest: a snapshot is served by the process that wrote it and made again by the next one.
 * What was in the folder goes first. `proof` goes into the manifest as it is. System errors where the disk refuses.
 */
async function writeSnapshot(state: StoreSnapshot, files: FileLayer, proof: Uint8Array): Promise<void> {
  await clearSnapshot(files);
  const buffers = new BucketBuffers();
  const sizes = new Array<number>(BUCKETS).fill(0);
  const append = async (bucket: number): Promise<void> => {
    const bytes = buffers.take(bucket);
    sizes[bucket] = (sizes[bucket] ?? 0) + bytes.length;
    if (bytes.length > 0) await appendTo(files, bucketFile(bucket), bytes);
  };
  for (const prefix of [ACCOUNT_PREFIX, STORAGE_PREFIX]) {
    const start = fromKey(prefix);
    const end = Uint8Array.of(prefix.charCodeAt(0) + 1);
    for await (const [key, value] of state.range(start, end)) {
      const bucket = bucketOf(key);
      if (buffers.add(bucket, key, value)) await append(bucket);
    }
  }
  for (let bucket = 0; bucket < BUCKETS; bucket++) await append(bucket);
  const blocks = new BlockStore(state);
  const record = storedHead(state, blocks);
  const manifest = encodeManifest({
    record,
    receipts: blocks.receipts(record.block.header.number),
    ancestors: ancestorsOf(record.block.header, blocks),
    digests: digestsOf(state, record.block.header.number),
    sizes,
    proof,
  });
  await replaceWhole(files, MANIFEST_FILE, manifest);
}

function ancestorsOf(header: BlockHeader, blocks: BlockStore): BlockHeader[] {
  const out: BlockHeader[] = [];
  for (let number = header.number - 1; number >= 0 && out.length < MAX_ANCESTORS; number--) {
    const ancestor = blocks.header(number);
    if (ancestor === undefined) break;
    out.push(ancestor);
  }
  return out;
}

/** Digest of each bucket after the newest block, as the state root is over them. ChainError `store-damaged`. */
export function digestsOf(state: StoreReader, head: number): Uint8Array[] {
  const buckets = bucketsAt(state, head);
  return Array.from({ length: BUCKETS }, (_, bucket) => bucketDigest(buckets.accumulator(bucket)));
}

async function appendTo(files: FileLayer, name: string, bytes: Uint8Array): Promise<void> {
  const file = await files.append(name);
  try {
    await writeWhole(file, bytes);
  } finally {
    await file.close();
  }
}
