import { setImmediate } from "node:timers/promises";
import { type Chain, MIN_KEPT_BLOCKS } from "@tributary/chain/chain/chain";
import type { Logger } from "pino";

/** Newest blocks that a member keeps where its operator says nothing: four months of an idle chain, a day of a busy one. */
export const DEFAULT_KEPT_BLOCKS = 1_000_000;
/** Blocks that may be too many before they are looked at: dropping each alone would cost a write each. */
const AT_ONCE = 64;

/** Blocks to keep, at least MIN_KEPT_BLOCKS; or all. */
export type HistoryPolicy = number | "archive";

export type MemberPruningParts = {
  readonly chain: Pick<Chain, "onBlock" | "prune" | "earliest" | "head">;
  readonly containers: { readonly prune: (below: number) => Promise<void> };
  readonly logger: Logger;
};

/** Undefined: all. */
export function keptBlocks(policy: HistoryPolicy): number | undefined {
  return policy === "archive" ? undefined : Math.max(policy, MIN_KEPT_BLOCKS);
}

/** Blocks behind the newest up to which a snapshot is served: half of what is kept, so that who takes it finds the rest. */
export function snapshotAge(kept: number | undefined): number {
  return Math.floor((kept ?? DEFAULT_KEPT_BLOCKS) / 2);
}

/**
 * Drops what the policy no longer keeps, a little after each commit: blocks, receipts and indices first, then the
 * consensus' containers below them. A disk that refuses does not stop the member here: the next commit says it.
 */
export class MemberPruning {
  readonly #parts: MemberPruningParts;
  readonly #unsubscribe: () => void;
  #newest = 0;
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(parts: MemberPruningParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.chain.onBlock(({ block }) => {
      if (block.header.number < this.#newest + AT_ONCE) return;
      this.#newest = block.header.number;
      this.#begin();
    });
    // A policy that became narrower, or a pruning that a crash cut short.
    this.#begin();
  }

  /** Idempotent. Before chain and containers are closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    await this.#running;
  }

  #begin(): void {
    this.#running ??= this.#prune()
      .catch((error: unknown) => this.#parts.logger.warn({ err: error }, "old blocks could not be dropped"))
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #prune(): Promise<void> {
    const { chain, containers } = this.#parts;
    while (!this.#stopped && (await chain.prune())) await setImmediate();
    const { earliest } = chain;
    if (!this.#stopped && earliest > 0 && earliest < chain.head.header.number) await containers.prune(earliest);
  }
}
