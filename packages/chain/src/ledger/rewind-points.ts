import type { LoggedTransaction } from "../pool/pool-log.ts";
import type { BucketSet, Change } from "../state/bucket-set.ts";
import type { Values } from "../state/state-view.ts";
import type { Departure } from "./departure.ts";

/**
 * Points that are remembered, and entries: what waited at each, and what changed since the oldest one; some 200 bytes
 * each. The oldest go first.
 */
const MAX_POINTS = 256;
const MAX_ENTRIES = 1_000_000;

/** A block to which the chain can be taken back. */
export type RewindPoint = {
  readonly number: number;
  readonly buckets: BucketSet;
  readonly clock: Pick<Departure, "shift" | "next">;
  /** What waited in the pool. */
  readonly waiting: readonly LoggedTransaction[];
};

type Kept = RewindPoint & { readonly id: number; readonly undo: Map<string, Uint8Array | undefined> };

/** Blocks to which a chain under development can be taken back, in memory, with what undoes the blocks after them. */
export class RewindPoints {
  #kept: Kept[] = [];
  #newest = 0;
  #entries = 0;

  /** Ids are ascending, from 1. */
  add(point: RewindPoint): number {
    this.#newest += 1;
    this.#kept.push({ ...point, id: this.#newest, undo: new Map() });
    this.#entries += point.waiting.length;
    this.#tidy();
    return this.#newest;
  }

  /** A block was committed. */
  note(changes: readonly Change[]): void {
    const undo = this.#kept[this.#kept.length - 1]?.undo;
    if (undo === undefined) return;
    this.#entries -= undo.size;
    for (const { key, before } of changes) if (!undo.has(key)) undo.set(key, before);
    this.#entries += undo.size;
    this.#tidy();
  }

  /** The point, and the values that the state had there of all that changed since. */
  find(id: number): (RewindPoint & { readonly undo: Values }) | undefined {
    const from = this.#kept.findIndex((point) => point.id === id);
    const point = this.#kept[from];
    if (point === undefined) return undefined;
    const undo = new Map<string, Uint8Array | undefined>();
    for (const later of this.#kept.slice(from).reverse()) for (const [key, before] of later.undo) undo.set(key, before);
    return { ...point, undo };
  }

  /** The chain was taken back to the point: it and all later ones are gone. */
  spend(id: number): void {
    for (const point of this.#kept) if (point.id >= id) this.#entries -= sizeOf(point);
    this.#kept = this.#kept.filter((point) => point.id < id);
  }

  #tidy(): void {
    while (this.#kept.length > MAX_POINTS || this.#entries > MAX_ENTRIES) {
      const oldest = this.#kept.shift();
      if (oldest === undefined) return;
      this.#entries -= sizeOf(oldest);
    }
  }
}

function sizeOf({ undo, waiting }: Kept): number {
  return undo.size + waiting.length;
}
