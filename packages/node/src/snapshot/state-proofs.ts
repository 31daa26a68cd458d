import { rm } from "node:fs/promises";
import { join } from "node:path";
import { encodeHeader } from "@tributary/chain/block/header-codec";
import type { Chain } from "@tributary/chain/chain/chain";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import { bucketsOf, proveBuckets } from "@tributary/chain/proof/bucket-proof";
import type { Manifest } from "@tributary/chain/snapshot/manifest";
import { SnapshotFiles } from "@tributary/chain/snapshot/snapshot-files";
import { encodeContainerHeader } from "@tributary/protocol/container/codec";
import type { Logger } from "pino";
import type { FinalityProof, StateProofReport } from "../rpc/backend.ts";

/** A pass over the state costs a processor: the next one waits this many times as long as the last one took, and so many ms. */
const REST_FACTOR = 20;
const REST_MS = 10_000;

export type StateProofsParts = {
  /** Folder of its own. */
  readonly folder: string;
  readonly chain: Pick<Chain, "freeze" | "head" | "checkManifest">;
  readonly finality: (block: number) => Promise<FinalityProof | undefined>;
  readonly now: () => number;
  readonly logger: Pick<Logger, "info">;
};

type Written = {
  readonly block: number;
  readonly name: string;
  readonly files: SnapshotFiles;
  readonly manifest: Manifest;
  readonly finality: FinalityProof;
};

/**
 * Proofs of state to outsiders. The state lies by account, the state root is over buckets: so the buckets are written
 * out once, when somebody asks, and serve until they are old. Of a chain that stopped they are those of its last block.
 */
export class StateProofs {
  readonly #parts: StateProofsParts;
  #newest: Written | undefined;
  #writing: Promise<void> | undefined;
  #restedAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(parts: StateProofsParts) {
    this.#parts = parts;
  }

  /**
   * Of the newest block that is written out: at first, and where that is old, it waits until one is. Slots have 32 bytes.
   * System errors where the disk refuses.
   */
  async prove(address: Uint8Array, slots: readonly Uint8Array[]): Promise<StateProofReport> {
    const { head } = this.#parts.chain;
    const { now } = this.#parts;
    const old = this.#newest?.block !== head.header.number && now() >= this.#restedAt;
    if (old && !this.#stopped) this.#writing ??= this.#write().finally(() => this.#rested());
    // Who can be served from what is there does not wait for the next one.
    if (this.#newest === undefined) await this.#writing;
    const newest = this.#newest;
    if (newest === undefined) return { kind: "uncertified" };
    const buckets = proveBuckets(newest.files, newest.manifest, bucketsOf(address, slots));
    if (buckets === undefined) return { kind: "too-large" };
    const { header, certificate, certificateEra, branch } = newest.finality;
    return {
      kind: "proof",
      proof: {
        container: encodeContainerHeader(header),
        certificateEra: certificateEra ?? header.era,
        certificate,
        branch,
        header: encodeHeader(newest.manifest.record.block.header),
        buckets,
      },
    };
  }

  /** Idempotent. Before the chain is closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#writing?.catch(() => undefined);
  }

  #rested(): void {
    this.#writing = undefined;
  }

  async #write(): Promise<void> {
    const { folder, chain, now, logger } = this.#parts;
    // No container has block 0, and its state may not even be written.
    if (chain.head.header.number === 0) return;
    const begun = now();
    const frozen = chain.freeze();
    const block = frozen.number;
    // Two names in turn: what is being read stays.
    const name = this.#newest?.name === "a" ? "b" : "a";
    try {
      const finality = await this.#parts.finality(block);
      if (finality === undefined) return;
      const disk = diskFolder(join(folder, name));
      await frozen.write(disk, new Uint8Array(0));
      const files = SnapshotFiles.open(disk);
      const checked = files === undefined ? undefined : chain.checkManifest(files.manifest);
      if (files === undefined || checked?.ok !== true) throw new Error("a snapshot of our own is whole");
      const before = this.#newest;
      this.#newest = { block, name, files, manifest: checked.manifest, finality };
      logger.info({ block }, "state written out for proofs");
      if (before !== undefined) await rm(join(folder, before.name), { recursive: true, force: true });
    } finally {
      this.#restedAt = now() + Math.max(REST_MS, REST_FACTOR * (now() - begun));
      await frozen.close();
    }
  }
}
