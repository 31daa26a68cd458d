import type { HexHash } from "@tributary/protocol/consensus/types";
import type { EraStanding } from "../consensus/ports.ts";

/** Groups whose last opening is remembered. */
const MAX_GROUPS = 4_096;

export type Opening = { readonly era: number; readonly id: HexHash; readonly cancelled: boolean };

/**
 * What the mainchain said of Recoveries, and when it was heard last. A mainchain that was not heard for `silence`
 * milliseconds may have one that nobody knows of. consensus.md 15.
 */
export class EraWatch {
  readonly #silence: number;
  readonly #now: () => number;
  readonly #openings = new Map<HexHash, Opening>();
  #heard: number | undefined;

  constructor(silence: number, now: () => number) {
    this.#silence = silence;
    this.#now = now;
  }

  heard(): void {
    this.#heard = this.#now();
  }

  /** The last Recovery of the group. */
  tell(group: HexHash, opening: Opening): void {
    this.#openings.delete(group);
    this.#openings.set(group, opening);
    const [oldest] = this.#openings.keys();
    if (this.#openings.size > MAX_GROUPS && oldest !== undefined) this.#openings.delete(oldest);
  }

  /** `age`: milliseconds since something was made final here, for as long as the mainchain was not heard at all. */
  standing(group: HexHash, era: number, age: number): EraStanding {
    const last = this.#openings.get(group);
    const opening = last?.era === era ? last : undefined;
    if (opening?.cancelled === false) return { opening: opening.id };
    const unheard = this.#heard === undefined ? age : this.#now() - this.#heard;
    if (unheard > this.#silence) return "silent";
    if (opening !== undefined) return { cancelled: opening.id };
    return this.#heard === undefined ? "unknown" : "open";
  }
}
