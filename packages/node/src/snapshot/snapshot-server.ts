import type { Chain } from "@tributary/chain/chain/chain";
import { clearSnapshot, SnapshotFiles } from "@tributary/chain/snapshot/snapshot-files";
import type { Seat } from "@tributary/protocol/consensus/types";
import type { FolderLayer } from "@tributary/protocol/ports/folder-layer";
import type { Logger } from "pino";
import {
  encodeSnapshotMessage,
  MANIFEST_PART,
  PIECE_BYTES,
  type SnapshotAnswer,
  type SnapshotQuestion,
} from "./codec.ts";

/** Milliseconds from the end of one snapshot to the next: a pass over the state costs a processor. */
const SPACING_MS = 60_000;
/** Milliseconds for which the block that was ordered is awaited: an idle chain makes none, and its newest serves as well. */
const PATIENCE_MS = 3_000;
/** Blocks ahead at which a snapshot may be ordered. */
const MAX_AHEAD = 1_000;
/** Bytes a second that one peer is answered with, and how many may come at once. */
const PEER_BYTES_PER_SECOND: number = 64 * 1024 * 1024;
const PEER_BURST_BYTES: number = 16 * 1024 * 1024;
/** What any answer costs beside its bytes. */
const ANSWER_BYTES = 4_096;

export type SnapshotServerParts = {
  /** In a directory of its own. */
  readonly folders: Pick<FolderLayer, "files" | "remove">;
  readonly chain: Pick<Chain, "freeze" | "codes" | "head">;
  /** What certifies the block; undefined where it is not held. */
  readonly proofOf: (block: number) => Uint8Array | undefined;
  readonly send: (to: Seat, message: Uint8Array) => void;
  readonly now: () => number;
  /** Blocks behind the newest from which on a snapshot is no longer served: what follows it may soon be dropped here. */
  readonly maxAge: number;
  readonly logger: Pick<Logger, "info" | "warn">;
};

type Written = { readonly block: number; readonly name: string; readonly files: SnapshotFiles };

/**
 * Makes snapshots when a member asks for one and serves the newest, in answers of bounded size, each peer within a budget
 * of its own: what is beyond it is not answered, and asked again.
 */
export class SnapshotServer {
  readonly #parts: SnapshotServerParts;
  readonly #budgets = new Map<Seat, { bytes: number; at: number }>();
  #newest: Written | undefined;
  /** Block to be written when it is committed. */
  #ordered: { readonly block: number; readonly since: number } | undefined;
  #writing: Promise<void> | undefined;
  #rested = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(parts: SnapshotServerParts) {
    this.#parts = parts;
  }

  /** To be called at each commit, before the next one begins: then the newest block is the one that was ordered. */
  committed(block: number): void {
    this.#retire(block);
    if (this.#ordered === undefined || block < this.#ordered.block) return;
    const exact = block === this.#ordered.block;
    this.#ordered = undefined;
    if (exact) this.#begin();
  }

  answer(from: Seat, question: SnapshotQuestion): void {
    const answer = this.#answer(question);
    const bytes = encodeSnapshotMessage(answer);
    if (!this.#stopped && this.#affords(from, bytes.length + ANSWER_BYTES)) this.#parts.send(from, bytes);
  }

  /** Waits for what is being written; close the chain afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#writing;
  }

  #answer(question: SnapshotQuestion): SnapshotAnswer {
    const { id } = question;
    switch (question.kind) {
      case "want": {
        this.#order(question.at);
        const newest = this.#newest;
        return { kind: "offer", id, block: newest?.block ?? 0, manifestBytes: newest?.files.manifest.length ?? 0 };
      }
      case "get": {
        const { block, first, last, offset } = question;
        if (this.#newest?.block !== block) return { kind: "gone", id };
        return { kind: "piece", id, bytes: pieceOf(this.#newest.files, first, last, offset) };
      }
      case "get-codes":
        return { kind: "codes", id, codes: this.#parts.chain.codes(question.hashes, PIECE_BYTES) };
    }
  }

  /** Not where the newest is of that block or later, and not too often. */
  #order(at: number): void {
    const { chain, now } = this.#parts;
    const { number } = chain.head.header;
    if (this.#writing !== undefined || now() - this.#rested < SPACING_MS) return;
    if (this.#ordered === undefined) {
      if (at > number && at <= number + MAX_AHEAD) this.#ordered = { block: at, since: now() };
    } else if (now() - this.#ordered.since >= PATIENCE_MS && number > (this.#newest?.block ?? 0)) {
      this.#ordered = undefined;
      this.#begin();
    }
  }

  /** An old snapshot holds space for nobody: who took it would be behind again. */
  #retire(block: number): void {
    const newest = this.#newest;
    if (newest === undefined || this.#writing !== undefined || block - newest.block <= this.#parts.maxAge) return;
    this.#newest = undefined;
    this.#remove(newest.name).catch((error: unknown) => {
      this.#parts.logger.warn({ block: newest.block, err: error }, "an old snapshot could not be removed");
    });
  }

  #begin(): void {
    if (!this.#stopped) this.#writing ??= this.#write().finally(() => this.#rest());
  }

  #rest(): void {
    this.#writing = undefined;
    this.#rested = this.#parts.now();
  }

  /** Of the newest block. */
  async #write(): Promise<void> {
    const { folders, chain, proofOf, logger } = this.#parts;
    const frozen = chain.freeze();
    const block = frozen.number;
    // Two names in turn: the older one is overwritten.
    const name = this.#newest?.name === "a" ? "b" : "a";
    const before = this.#newest;
    try {
      const proof = proofOf(block);
      if (proof === undefined) return;
      const files = folders.files(name);
      await frozen.write(files, proof);
      const written = SnapshotFiles.open(files);
      if (written === undefined) return;
      this.#newest = { block, name, files: written };
      logger.info({ block }, "snapshot written");
      if (before !== undefined) await this.#remove(before.name);
    } catch (error) {
      // Serving others is a favour: what is lacking here must not stop this member.
      logger.warn({ block, err: error }, "the snapshot could not be written");
      // Nor may a part of it take room that is short.
      if (this.#newest?.name !== name) await this.#remove(name).catch(() => undefined);
    } finally {
      await frozen.close();
    }
  }

  async #remove(name: string): Promise<void> {
    const { folders } = this.#parts;
    await clearSnapshot(folders.files(name));
    await folders.remove(name);
  }

  /** A token bucket for each peer. */
  #affords(peer: Seat, bytes: number): boolean {
    const now = this.#parts.now();
    const before = this.#budgets.get(peer) ?? { bytes: PEER_BURST_BYTES, at: now };
    const earned = ((now - before.at) / 1_000) * PEER_BYTES_PER_SECOND;
    const available = Math.min(PEER_BURST_BYTES, before.bytes + earned);
    const granted = available >= bytes;
    this.#budgets.set(peer, { bytes: granted ? available - bytes : available, at: now });
    return granted;
  }
}

/** At most PIECE_BYTES of the buckets' bytes, one bucket after the other, or of the manifest. */
function pieceOf(files: SnapshotFiles, first: number, last: number, offset: number): Uint8Array {
  if (first === MANIFEST_PART) return files.manifest.subarray(offset, offset + PIECE_BYTES);
  const parts: Uint8Array[] = [];
  let skip = offset;
  let room = PIECE_BYTES;
  for (let bucket = first; bucket <= last && bucket < MANIFEST_PART && room > 0; bucket++) {
    const size = files.size(bucket);
    if (skip < size) {
      const bytes = files.read(bucket, skip, room);
      parts.push(bytes);
      room -= bytes.length;
    }
    skip = Math.max(0, skip - size);
  }
  return Buffer.concat(parts);
}
