import type { HexHash } from "@tributary/protocol/consensus/types";
import type { EraStanding } from "../consensus/ports.ts";

/** Groups whose last opening is remembered. */
const MAX_GROUPS = 4_096;

/** The last Recovery of an era, or all of them where these were cancelled. */
export type Openings = { readonly era: number } & (
  | { readonly open: HexHash }
  | { readonly cancelled: readonly HexHash[] }
);

/**
 * What the mainchain said of Recoveries, and when it was heard last. A mainchain that was not heard for `silence`
 * milliseconds may have one that nobody knows of. consensus.md 15.
 */
export class EraWatch {
  readonly #silence: number;
  readonly #now: () => number;
  readonly #openings = new Map<HexHash, Openings>();
  #heard: number | undefined;

  constructor(silence: number, now: () => number) {
    this.#silence = silence;
    this.#now = now;
  }

  heard(): void {
    this.#heard = this.#now();
  }

  /** What there is of Recoveries in the group's newest era that had any. */
  tell(group: HexHash, openings: Openings): void {
    this.#openings.delete(group);
    this.#openings.set(group, openings);
    const [oldest] = this.#openings.keys();
    if (this.#openings.size > MAX_GROUPS && oldest !== undefined) this.#openings.delete(oldest);
  }

  /** `age`: milliseconds since something was made final here, for as long as the mainchain was not heard at all. */
  standing(group: HexHash, era: number, age: number): EraStanding {
    const last = this.#openings.get(group);
    // Between READY of a scheduled era and its first height members are in the era before the one that is recovered from.
    const told = last !== undefined && last.era >= era ? last : undefined;
    if (told !== undefined && "open" in told) return { opening: told.open };
    const unheard = this.#heard === undefined ? age : this.#now() - this.#heard;
    if (unheard > this.#silence) return "silent";
    if (told !== undefined) return { cancelled: told.cancelled };
    return this.#heard === undefined ? "unknown" : "open";
  }
}
