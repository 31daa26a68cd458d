import { createHash } from "node:crypto";
import type { Block } from "@tributary/chain/block/block";
import { CHAIN_ID, genesisParameters, hex, TestChain } from "@tributary/chain/chain/chain.fixture";
import { PROOF, step } from "@tributary/chain/chain/snapshot.fixture";
import { COIN_CREATION_CODE } from "@tributary/chain/executor/coin.fixture";
import { buildGenesis } from "@tributary/chain/genesis/genesis";
import { parametersDigest } from "@tributary/chain/genesis/parameters-digest";
import { openState } from "@tributary/chain/snapshot/install";
import { checkManifest, type Manifest } from "@tributary/chain/snapshot/manifest";
import { SnapshotFiles } from "@tributary/chain/snapshot/snapshot-files";
import { FrozenChain } from "@tributary/chain/snapshot/snapshot-writer";
import type { StateFolders } from "@tributary/chain/snapshot/state-folders";
import { StateImport } from "@tributary/chain/snapshot/state-import";
import { recomputeStateRoot } from "@tributary/chain/state/recompute-state-root";
import type { StoreReader } from "@tributary/chain/store/key-value-store";
import { MemoryStore } from "@tributary/chain/store/memory-store";
import { TransactionDecoder } from "@tributary/chain/transaction/decoder";
import { concat, equal, uint } from "@tributary/protocol/bytes/bytes";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { Random } from "../agreement/random.ts";
import { badDirectory } from "./bad-directory.ts";
import { BadDisk, type Life } from "./bad-disk.ts";
import { badStates } from "./disk-key-value-store.ts";

/** Bytes of a bucket from which on it waits in a file, and of a piece of it: some do, and come in several pieces. */
const MEMORY_BYTES = 110;
const PIECE_BYTES = 61;
const CODES_AT_ONCE = 2;
const NO_KEY: Uint8Array = new Uint8Array(0);
const EVERY_KEY: Uint8Array = Uint8Array.of(0xff);

type Entry = { readonly key: Uint8Array; readonly value: Uint8Array };

/** A life in which nothing is struck. */
export const healthy: Life = { alive: () => true, stop: () => undefined, later: (run) => setImmediate(run) };

/** The chain after one of its blocks. */
export type Height = {
  readonly block: Block;
  readonly freeze: () => FrozenChain;
  readonly files: SnapshotFiles;
  readonly manifest: Manifest;
  /** Digest of a member's database that began with this snapshot. */
  readonly image: string;
};

/** One chain with contract and storage, and its snapshots; they serve many runs. */
export class SnapshotWorld {
  readonly parameters: GenesisParameters;
  /** From block 1 on. */
  readonly heights: readonly Height[];
  /** What the database of a member that executed block 1 holds. */
  readonly old: readonly Entry[];
  readonly #genesis: Block;
  readonly #digest: Uint8Array;
  readonly #chain: TestChain;

  private constructor(chain: TestChain, parameters: GenesisParameters, heights: Height[], old: readonly Entry[]) {
    this.#chain = chain;
    this.parameters = parameters;
    this.heights = heights;
    this.old = old;
    this.#genesis = buildGenesis(parameters).block;
    this.#digest = parametersDigest(parameters);
  }

  static async create(blocks: number): Promise<SnapshotWorld> {
    const allocation = { allocation: genesisParameters().allocation.slice(0, 2) };
    const store = new MemoryStore();
    const chain = await TestChain.open({ storage: { store }, genesis: allocation });
    const parameters = genesisParameters(allocation);
    const heights: Height[] = [];
    let old: readonly Entry[] = [];
    for (let nonce = 0; nonce < blocks; nonce++) {
      if (nonce === 0) await chain.block(chain.sign(0, { data: hex(COIN_CREATION_CODE) }));
      else await step(chain, nonce);
      if (nonce === 0) old = await entriesOf(store);
      heights.push(await heightOf(chain, store));
    }
    const world = new SnapshotWorld(chain, parameters, heights, old);
    const images = [digestOf(old)];
    for (const height of heights.slice(1)) images.push(await world.#imageAfter(height));
    const named = heights.map((height, index) => ({ ...height, image: images[index] ?? "" }));
    return new SnapshotWorld(chain, parameters, named, old);
  }

  /** Contract codes, as any member serves them. */
  codes(hashes: readonly Uint8Array[]): readonly Uint8Array[] {
    return this.#chain.chain.codes(hashes, 1_000_000);
  }

  open(folders: StateFolders, { manifest }: Height): Promise<StateImport> {
    const [genesis, parameters] = [this.#genesis, this.#digest];
    return StateImport.open({ folders, genesis, parameters, manifest, memoryBytes: MEMORY_BYTES, batchEntries: 1 });
  }

  /** Takes one bucket over; false where its bytes are called a lie. */
  async take(into: StateImport, { files }: Height, bucket: number): Promise<boolean> {
    const one = into.bucket(bucket);
    for (;;) {
      const bytes = files.read(bucket, one.size, PIECE_BYTES);
      if (bytes.length === 0) return one.end();
      if (!(await one.push(bytes))) return false;
    }
  }

  /** Takes some of the codes over that are wanted; false where none is. */
  async takeCodes(into: StateImport): Promise<boolean> {
    const hashes = await into.wantedCodes(CODES_AT_ONCE);
    return hashes.length > 0 && into.codes(hashes, this.codes(hashes));
  }

  /** By an import on a healthy disk whose outcome is audited. */
  async #imageAfter(height: Height): Promise<string> {
    const folders = badStates(new BadDisk(new Random(1)), "chain", healthy, new Set());
    const into = await this.open(folders, height);
    for (const bucket of into.missing) await this.take(into, height, bucket);
    while (await this.takeCodes(into));
    await into.finish();
    const store = await openState(folders);
    const { root, badCode } = await recomputeStateRoot(store);
    if (!equal(root, height.block.header.stateRoot) || badCode.length > 0)
      throw new Error("an import is not the state");
    return imageOf(store);
  }
}

/** Digest of all that a store holds. */
export async function imageOf(store: StoreReader): Promise<string> {
  return digestOf(await entriesOf(store));
}

function digestOf(entries: readonly Entry[]): string {
  const parts = entries.flatMap(({ key, value }) => [uint(key.length, 2), key, uint(value.length, 4), value]);
  return createHash("sha256")
    .update(concat(...parts))
    .digest("hex");
}

async function entriesOf(store: StoreReader): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const [key, value] of store.range(NO_KEY, EVERY_KEY)) entries.push({ key, value });
  return entries;
}

async function heightOf({ chain }: TestChain, store: MemoryStore): Promise<Height> {
  const state = store.snapshot();
  const freeze = (): FrozenChain => new FrozenChain({ ...reader(state), close: async () => undefined });
  const folder = badDirectory(new BadDisk(new Random(1)), "snapshots", healthy).files("a");
  await freeze().write(folder, PROOF);
  const files = SnapshotFiles.open(folder);
  const checked = files === undefined ? undefined : checkManifest(files.manifest, new TransactionDecoder(CHAIN_ID));
  if (files === undefined || checked?.ok !== true) throw new Error("a snapshot on a healthy disk is whole");
  return { block: chain.head, freeze, files, manifest: checked.manifest, image: "" };
}

function reader(state: StoreReader): StoreReader {
  return { get: (key) => state.get(key), range: (start, end) => state.range(start, end) };
}
