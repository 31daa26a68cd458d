import type { HexHash } from "../consensus/types.ts";
import type { OrderedTransaction } from "./header.ts";

/** A transaction of an accepted body, as far as its place in the container depends on it. */
export type Candidate = {
  readonly raw: Uint8Array;
  readonly hash: HexHash;
  /** Any text that is equal for equal senders. */
  readonly sender: string;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
};

/** G and B: what one container may hold. */
export type Capacity = { readonly gas: bigint; readonly bytes: number };

/**
 * Puts a container's transactions in order (consensus.md 8): bodies by rank, equal hashes once; what does not fit the
 * rest of G or B is left out; what is ahead of its sender's nonce waits until the gap closes in this container, else it
 * is left out; what is invalid at its place is skipped. Ask `next`, execute, `settle`, until `next` gives nothing.
 */
export class Assembly {
  readonly #incoming: readonly Candidate[];
  readonly #nonceOf: (sender: string) => bigint;
  readonly #settled: OrderedTransaction[] = [];
  /** By sender, in order of arrival: ahead of the nonce. */
  readonly #held = new Map<string, Candidate[]>();
  #at = 0;
  #gas: bigint;
  #bytes: number;
  /** Sender of the last executed transaction: its held ones may fit now. */
  #released: string | undefined;
  #current: Candidate | undefined;

  /** `candidates` by rank and in each proposer's order; `nonceOf` reads the state as it is after all that was settled. */
  constructor(candidates: readonly Candidate[], capacity: Capacity, nonceOf: (sender: string) => bigint) {
    const seen = new Set<HexHash>();
    this.#incoming = candidates.filter(({ hash }) => !seen.has(hash) && seen.add(hash));
    this.#gas = capacity.gas;
    this.#bytes = capacity.bytes;
    this.#nonceOf = nonceOf;
  }

  /** Gas that is left of the container's. */
  get gasLeft(): bigint {
    return this.#gas;
  }

  /** The transaction to execute now; undefined when all have their mark. */
  next(): Candidate | undefined {
    if (this.#current !== undefined) return this.#current;
    for (let candidate = this.#pull(); candidate !== undefined; candidate = this.#pull()) {
      const nonce = this.#nonceOf(candidate.sender);
      if (candidate.nonce > nonce) this.#hold(candidate);
      else if (candidate.nonce < nonce) this.#mark(candidate, "skipped");
      else if (candidate.gasLimit > this.#gas || candidate.raw.length > this.#bytes) this.#mark(candidate, "left-out");
      else {
        this.#current = candidate;
        return candidate;
      }
    }
    for (const list of this.#held.values()) for (const candidate of list) this.#mark(candidate, "left-out");
    this.#held.clear();
    return undefined;
  }

  /** What became of the transaction that `next` gave: the gas that it used, or invalid. */
  settle(result: { readonly gasUsed: bigint } | "invalid"): void {
    const candidate = this.#current;
    if (candidate === undefined) throw new Error("nothing is being executed");
    this.#current = undefined;
    if (result === "invalid") {
      this.#mark(candidate, "skipped");
      return;
    }
    this.#gas -= result.gasUsed;
    this.#bytes -= candidate.raw.length;
    this.#mark(candidate, "executed");
    this.#released = candidate.sender;
  }

  /** All transactions with their marks, in the container's order. */
  get transactions(): readonly OrderedTransaction[] {
    return this.#settled;
  }

  #pull(): Candidate | undefined {
    if (this.#released !== undefined) {
      const sender = this.#released;
      const list = this.#held.get(sender) ?? [];
      const nonce = this.#nonceOf(sender);
      const index = list.findIndex((candidate) => candidate.nonce <= nonce);
      if (index >= 0) return list.splice(index, 1)[0];
      this.#released = undefined;
    }
    const candidate = this.#incoming[this.#at];
    this.#at += 1;
    return candidate;
  }

  #hold(candidate: Candidate): void {
    const list = this.#held.get(candidate.sender) ?? [];
    list.push(candidate);
    this.#held.set(candidate.sender, list);
  }

  #mark(candidate: Candidate, mark: OrderedTransaction["mark"]): void {
    this.#settled.push({ raw: candidate.raw, mark });
  }
}
