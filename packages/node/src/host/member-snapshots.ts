import { join } from "node:path";
import type { Chain } from "@tributary/chain/chain/chain";
import { ChainError } from "@tributary/chain/chain-error";
import { diskFolders } from "@tributary/chain/files/disk-folders";
import type { Seat } from "@tributary/protocol/consensus/types";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import type { Limits } from "@tributary/protocol/wire/index";
import type { Logger } from "pino";
import type { ContainerStore } from "../consensus/ports.ts";
import { decodeSnapshotMessage, isQuestion } from "../snapshot/codec.ts";
import { type Liar, SnapshotDownload } from "../snapshot/snapshot-download.ts";
import { type KnownEras, proofOf, verifyProof } from "../snapshot/snapshot-proof.ts";
import { SnapshotServer } from "../snapshot/snapshot-server.ts";

/** Blocks ahead of the newest at which a snapshot is ordered: all members should hear of it before they are there. */
const AHEAD = 16;
const LOOK_MS = 500;
/** Milliseconds for which execution waits for a snapshot of which nothing came yet. */
const HOPE_MS = 30_000;
/** Milliseconds without coming nearer after which a member that began with a snapshot takes another one. */
const NEARER_MS = 10_000;

export type MemberSnapshotsParts = {
  readonly spec: MemberSpec;
  /** A later era's, or a later epoch's, snapshot is as good. */
  readonly eras: KnownEras;
  readonly folder: string;
  readonly chain: Chain;
  readonly store: ContainerStore;
  readonly limits: Limits;
  readonly send: (to: Seat, message: Uint8Array) => void;
  /** Newest height that is final, as others say: to ask for a snapshot of it is no risk, since that is certified. */
  readonly final: () => number;
  /** Whether executing containers is for nothing, since a snapshot of a later height is on its way. */
  readonly joining: (joining: boolean) => void;
  /** Heights behind from which on a snapshot is taken rather than every container executed. */
  readonly joinLag: number;
  /**
   * The member begins with a snapshot that it fetched. It may be as far behind again, after a download of minutes, and
   * has to be let execute: to fetch one snapshot after the other would never end.
   */
  readonly joined: boolean;
  /** Lowest block whose state would do, where the state here is not the chain's. Nothing is served from such a state. */
  readonly repair: () => number | undefined;
  readonly maxBytes: number;
  /** Blocks behind the newest from which on a snapshot is no longer served. */
  readonly maxAge: number;
  readonly logger: Logger;
  readonly lied: (liar: Liar) => void;
  /** A snapshot is ready: the member must be opened again to begin with it. */
  readonly ready: () => void;
};

/** Snapshots of one member: serves others, and fetches one when this member is far behind. */
export class MemberSnapshots {
  readonly #parts: MemberSnapshotsParts;
  readonly #server: SnapshotServer;
  readonly #up = new Set<Seat>();
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  #download: SnapshotDownload | undefined;
  #running: Promise<void> | undefined;
  #begunAt = 0;
  #stopped = false;
  #useless = false;
  /** The least number of heights behind since the member fell behind, and when it was reached. */
  #nearest: { readonly lag: number; readonly at: number } | undefined;

  constructor(parts: MemberSnapshotsParts) {
    this.#parts = parts;
    const { folder, chain, store, send, maxAge, logger } = parts;
    this.#server = new SnapshotServer({
      folders: diskFolders(join(folder, "snapshots")),
      chain,
      proofOf: (block) => proofOf(store, block),
      send,
      now: () => performance.now(),
      maxAge,
      logger,
    });
    this.#unsubscribe = chain.onBlock(({ block }) => this.#server.committed(block.header.number));
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  peerUp(seat: Seat): void {
    this.#up.add(seat);
  }

  peerDown(seat: Seat): void {
    this.#up.delete(seat);
  }

  receive(from: Seat, bytes: Uint8Array): void {
    const message = decodeSnapshotMessage(bytes);
    if (message === undefined) return;
    if (isQuestion(message)) {
      if (this.#parts.repair() === undefined) this.#server.answer(from, message);
    } else this.#download?.receive(from, message);
  }

  /** Idempotent. Before the chain is closed; what was fetched stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#unsubscribe();
    this.#download?.stop();
    await this.#running;
    await this.#server.stop();
  }

  /** Whether it is time for a snapshot: now and then, and when others say how far they are, before anything is asked of them. */
  look(): void {
    if (this.#stopped) return;
    const { chain, final, joining, repair, logger } = this.#parts;
    const { number } = chain.head.header;
    const hopeful = this.#download !== undefined && performance.now() - this.#begunAt < HOPE_MS;
    joining(hopeful || this.#download?.moving === true);
    if (this.#running !== undefined || this.#useless) return;
    const needed = repair();
    if (needed === undefined && !this.#isLate(final() - number)) return;
    if (needed === undefined) logger.info({ height: number, final: final() }, "far behind: a snapshot is fetched");
    else logger.warn({ height: number, from: needed }, "the state is not the chain's: the others' is fetched");
    this.#begunAt = performance.now();
    joining(true);
    this.#running = this.#fetch().finally(() => {
      this.#running = undefined;
      this.#download = undefined;
    });
  }

  #isLate(lag: number): boolean {
    const { joinLag, joined } = this.#parts;
    const now = performance.now();
    if (lag < joinLag) this.#nearest = undefined;
    else if (this.#nearest === undefined || lag < this.#nearest.lag) this.#nearest = { lag, at: now };
    return this.#nearest !== undefined && (!joined || now - this.#nearest.at >= NEARER_MS);
  }

  async #fetch(): Promise<void> {
    const { chain, spec, eras, limits, send, final, repair, maxBytes, logger, lied, ready } = this.#parts;
    const ordered = final() + AHEAD;
    const download = new SnapshotDownload({
      chain,
      // The same block for all, until it is passed for good.
      at: () => Math.max(ordered, final() > ordered + AHEAD ? final() + AHEAD : 0),
      least: () => repair() ?? chain.head.header.number + 1,
      maxBytes,
      up: () => this.#up,
      send,
      certified: (manifest) => new Promise((resolve) => verifyProof(manifest, spec, eras, limits, resolve)),
      chosen: (block, missing) => logger.info({ block, missing }, "a certified snapshot is taken over"),
      fetched: () => logger.info("all of a snapshot is here"),
      lied,
      now: () => performance.now(),
    });
    this.#download = download;
    try {
      if (!(await download.run())) return;
      logger.info("a snapshot is here and verified: the member begins again with it");
      ready();
    } catch (error) {
      // There is no other one to hope for with this version.
      this.#useless = error instanceof ChainError && error.code === "unknown-fork";
      logger.error({ err: error }, "a snapshot could not be taken over; the member goes on with what it has");
    }
  }
}
