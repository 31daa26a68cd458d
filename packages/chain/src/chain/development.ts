import { timeOf } from "../block/header-codec.ts";
import type { ContainerExecutor } from "../executor/container-executor.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Pool } from "../pool/pool.ts";
import type { BookKeeper } from "../pool/uses.ts";

/** Seconds since 1970 that a moved clock may show: what a header's milliseconds hold exactly, and some to go on. */
const MAX_SECONDS = 2 ** 42;

export type DevelopmentParts = {
  readonly ledger: Ledger;
  readonly containers: Pick<ContainerExecutor, "between">;
  readonly pool: Pool;
  readonly books: Pick<BookKeeper, "recall">;
};

/**
 * What tools for developers do to a chain: move its clock, take blocks back. The containers, which are agreed upon, go
 * on meanwhile, so nothing that a member said is contradicted; but the chain no longer follows from them alone. Only for
 * a chain with one member, which nobody else follows.
 */
export class Development {
  readonly #parts: DevelopmentParts;

  constructor(parts: DevelopmentParts) {
    this.#parts = parts;
  }

  /** Remembers the chain as it is, with its pool and clock, in memory. The id is good for one `revert`. */
  snapshot(): Promise<number> {
    const { containers, ledger, pool } = this.#parts;
    return containers.between(async () => ledger.mark(pool.waiting()));
  }

  /** Back to a snapshot, which is gone then with all later ones; false where there is no such snapshot. */
  revert(id: number): Promise<boolean> {
    const { containers, ledger, pool, books } = this.#parts;
    return containers.between(async () => {
      const waiting = await ledger.rewind(id);
      if (waiting === undefined) return false;
      books.recall();
      await pool.restore(waiting);
      return true;
    });
  }

  /** Moves the clock on, from the next block on; gives the seconds by which it is ahead in all, or undefined: too far. */
  increaseTime(seconds: number): Promise<number | undefined> {
    const { containers, ledger } = this.#parts;
    return containers.between(async () => {
      const { shift, next } = ledger.departure;
      const moved = shift + seconds * 1_000;
      const latest = Math.max(ledger.head.header.timestamp, next ?? 0);
      if (latest + seconds > MAX_SECONDS) return undefined;
      await ledger.setClock({ shift: moved, ...(next === undefined ? {} : { next: next + seconds }) });
      return Math.round(moved / 1_000);
    });
  }

  /** The time of the next block; false where it is not after the newest one. */
  setNextTime(seconds: number): Promise<boolean> {
    const { containers, ledger } = this.#parts;
    return containers.between(async () => {
      if (seconds * 1_000 <= timeOf(ledger.head.header) || seconds > MAX_SECONDS) return false;
      await ledger.setClock({ next: seconds });
      return true;
    });
  }
}
