import { MAX_DECIDED_NOT_FINAL } from "./parameters.ts";
import type { Effect, Height, HexHash } from "./types.ts";

/**
 * Heights that are remembered while execution and certificates are apart. Beyond that the oldest is forgotten: a
 * divergence shows at every later height too, because a header names its parent.
 */
const MAX_APART = 1024;

function trim(hashes: Map<Height, HexHash>): void {
  if (hashes.size > MAX_APART) hashes.delete(Math.min(...hashes.keys()));
}

/** FINAL: one hash signed for a height, ever, and only below certificates that say the same. consensus.md 8. */
export class Finality {
  /** Own results of heights without F. */
  readonly #executed = new Map<Height, HexHash>();
  /** F of heights that were not executed here. */
  readonly #certified = new Map<Height, HexHash>();
  /** Heights at or below were executed or lie below the base. */
  #executedUpTo: Height;
  #final: Height;
  #diverged = false;

  /** `final`: highest height whose F is held. */
  constructor(final: Height) {
    this.#final = final;
    this.#executedUpTo = final;
  }

  /** Highest height whose F is held. */
  get final(): Height {
    return this.#final;
  }

  get diverged(): boolean {
    return this.#diverged;
  }

  /** The own execution of a height gave this header hash. The caller holds ORDER of the height. */
  executed(height: Height, hash: HexHash): readonly Effect[] {
    if (this.#diverged || height <= this.#executedUpTo) return [];
    this.#executedUpTo = height;
    const certified = this.#certified.get(height);
    for (const known of this.#certified.keys()) if (known <= height) this.#certified.delete(known);
    if (certified !== undefined && certified !== hash) return this.#diverge(height, hash, certified);
    // A member that catches up has nothing to add; near the tip others may still lack the shares of one who was late. Only
    // F of this very height counts: F(h+1) may be here while nobody has F(h), and then each share for it is needed.
    if (certified !== undefined && height + MAX_DECIDED_NOT_FINAL < this.#final) return [];
    if (certified === undefined) {
      this.#executed.set(height, hash);
      trim(this.#executed);
    }
    return [{ kind: "sign-final", height, hash }];
  }

  /** F over this header hash is held. */
  certified(height: Height, hash: HexHash): readonly Effect[] {
    if (!this.wants(height)) return [];
    const own = this.#executed.get(height);
    this.#executed.delete(height);
    this.#final = Math.max(this.#final, height);
    if (own !== undefined && own !== hash) return this.#diverge(height, own, hash);
    if (own === undefined) {
      this.#certified.set(height, hash);
      trim(this.#certified);
    }
    return [{ kind: "final", height, hash }];
  }

  /** F of this height would be news. */
  wants(height: Height): boolean {
    return this.#executed.has(height) || (height > this.#executedUpTo && !this.#certified.has(height));
  }

  #diverge(height: Height, own: HexHash, certified: HexHash): readonly Effect[] {
    if (this.#diverged) return [];
    this.#diverged = true;
    return [{ kind: "diverged", height, own, certified }];
  }
}
