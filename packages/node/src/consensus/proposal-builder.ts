import type { Height } from "@tributary/protocol/consensus/types";
import { maxBodyBytes } from "@tributary/protocol/wire/index";
import type { MemberContext } from "./member-context.ts";
import type { PoolEntry } from "./ports.ts";
import { byTurn, candidates, fillProposal, TRANSACTION_OVERHEAD } from "./proposal-quota.ts";

/** Bytes that a body's encoding adds once. */
const BODY_OVERHEAD = 64;

export type Selection = {
  readonly transactions: readonly Uint8Array[];
  readonly hashes: readonly string[];
  /** Sum of the gas limits. */
  readonly gas: number;
};

/** What this member may say about a waiting transaction: 0 when it is the first assignee, undefined when not its turn. */
export type Turn = (entry: PoolEntry, height: Height) => number | undefined;

const nothing: Selection = { transactions: [], hashes: [], gas: 0 };

/** Chooses what the own proposal holds, and remembers what is on its way already. consensus.md 4, 9. */
export class ProposalBuilder {
  readonly #context: MemberContext;
  /** By height: hashes in the own undecided proposal, or in the accepted bodies of a decided height. */
  readonly #inFlight = new Map<Height, ReadonlySet<string>>();
  /** By height: hashes in others' sound proposals for heights that are not decided here. */
  readonly #offered = new Map<Height, Set<string>>();
  #rank: Turn = () => undefined;

  constructor(context: MemberContext) {
    this.#context = context;
  }

  /** Who may propose a transaction is decided elsewhere. */
  eligibility(rank: Turn): void {
    this.#rank = rank;
  }

  nothing(): Selection {
    return nothing;
  }

  select(height: Height): Selection {
    const { containerGas, members } = this.#context.config;
    const { quorum } = this.#context;
    const bytes = maxBodyBytes(this.#context.limits) - BODY_OVERHEAD;
    const bounds = { gas: Math.ceil(containerGas / quorum), bytes, spare: quorum / members };
    const { first, others: later } = candidates(this.#context.ports.pool.executable(), bounds, (entry) =>
      this.inFlight(entry.hash) ? undefined : this.#rank(entry, height),
    );
    const others = byTurn(later);
    const taken = fillProposal(first, others, bounds);
    if (taken.length > 0) return selectionOf(taken);
    // One transaction may exceed the share by itself.
    const large = [...first, ...others].find((entry) => entry.raw.length + TRANSACTION_OVERHEAD <= bytes);
    return large === undefined ? nothing : selectionOf([large]);
  }

  inFlight(hash: string): boolean {
    for (const hashes of this.#inFlight.values()) if (hashes.has(hash)) return true;
    return false;
  }

  /** Whether another member's undecided proposal holds it. */
  offered(hash: string): boolean {
    for (const hashes of this.#offered.values()) if (hashes.has(hash)) return true;
    return false;
  }

  /** Another member proposes them for a height that is not decided here. */
  offer(height: Height, hashes: readonly string[]): void {
    if (hashes.length === 0) return;
    const known = this.#offered.get(height);
    if (known === undefined) this.#offered.set(height, new Set(hashes));
    else for (const hash of hashes) known.add(hash);
  }

  proposed(height: Height, hashes: readonly string[]): void {
    if (hashes.length > 0) this.#inFlight.set(height, new Set(hashes));
  }

  /** The height is decided: what its accepted bodies hold is on its way, what only the own proposal held is not. */
  ordered(height: Height, accepted: Iterable<string>): void {
    for (const known of this.#inFlight.keys()) {
      if (known > this.#context.ports.executor.committed && known < height) continue;
      if (known <= height) this.#inFlight.delete(known);
    }
    this.#inFlight.set(height, new Set(accepted));
    for (const known of this.#offered.keys()) if (known <= height) this.#offered.delete(known);
  }

  committed(height: Height): void {
    for (const known of this.#inFlight.keys()) if (known <= height) this.#inFlight.delete(known);
  }
}

function selectionOf(entries: readonly PoolEntry[]): Selection {
  return {
    transactions: entries.map(({ raw }) => raw),
    hashes: entries.map(({ hash }) => hash),
    gas: entries.reduce((sum, entry) => sum + entry.gas, 0),
  };
}
