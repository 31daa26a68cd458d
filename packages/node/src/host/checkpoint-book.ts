import type { Checkpoint, HexHash } from "@tributary/protocol/consensus/types";
import type { MainchainView } from "../consensus/ports.ts";

/** Checkpoints kept: at one every 12 s about nine days. */
const MAX_KEPT = 65_536;
/** Newest ones that a proposal names. */
const MAX_PROPOSED = 4;
/** Questions under way to the mainchain. */
const MAX_LOOKUPS = 16;

/** Hash of a finalised block; undefined where there is none or the mainchain is away. */
export type CheckpointLookup = (number: number) => Promise<HexHash | undefined>;

/**
 * The finalised mainchain blocks that this node has seen. Whoever watches the mainchain enters them; one that was passed
 * over between two looks is asked for when an order names it.
 */
export class CheckpointBook implements MainchainView {
  readonly #lookup: CheckpointLookup | undefined;
  /** Ascending by number. */
  #entries: Checkpoint[] = [];
  readonly #asking = new Set<number>();

  constructor(lookup?: CheckpointLookup) {
    this.#lookup = lookup;
  }

  /** Enters newly finalised blocks, ascending; what is not above the newest is ignored. */
  advance(checkpoints: readonly Checkpoint[]): void {
    for (const checkpoint of checkpoints) {
      const newest = this.#entries.at(-1);
      if (newest === undefined || checkpoint.number > newest.number) this.#entries.push(checkpoint);
    }
    if (this.#entries.length > MAX_KEPT) this.#entries.splice(0, this.#entries.length - MAX_KEPT);
  }

  /** The mainchain went back: what was above `number` is void. */
  retreat(number: number): void {
    this.#entries = this.#entries.filter((entry) => entry.number <= number);
  }

  checkpoints(): readonly Checkpoint[] {
    return this.#entries.slice(-MAX_PROPOSED);
  }

  check(checkpoint: Checkpoint): "known" | "unknown" | "conflict" {
    const [oldest] = this.#entries;
    const newest = this.#entries.at(-1);
    if (oldest === undefined || newest === undefined || checkpoint.number > newest.number) return "unknown";
    // From before this node looked: f+1 members vouched for it and later blocks are built on it.
    if (checkpoint.number < oldest.number) return "known";
    const at = this.#entries.findLastIndex((entry) => entry.number <= checkpoint.number);
    const entry = this.#entries[at];
    if (entry?.number === checkpoint.number) return entry.hash === checkpoint.hash ? "known" : "conflict";
    if (this.#lookup === undefined) return "known";
    this.#ask(this.#lookup, checkpoint.number);
    return "unknown";
  }

  #ask(lookup: CheckpointLookup, number: number): void {
    if (this.#asking.has(number) || this.#asking.size >= MAX_LOOKUPS) return;
    this.#asking.add(number);
    lookup(number)
      .then(
        (hash) => {
          if (hash !== undefined) this.#insert({ number, hash });
        },
        // The next check asks again.
        () => undefined,
      )
      .finally(() => this.#asking.delete(number));
  }

  #insert(checkpoint: Checkpoint): void {
    const at = this.#entries.findLastIndex((entry) => entry.number <= checkpoint.number);
    // Gone back meanwhile, or known by now.
    if (at < 0 || at === this.#entries.length - 1 || this.#entries[at]?.number === checkpoint.number) return;
    this.#entries.splice(at + 1, 0, checkpoint);
  }
}
