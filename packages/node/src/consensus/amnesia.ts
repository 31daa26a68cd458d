import type { Height, Seat } from "@tributary/protocol/consensus/types";
import { encode, hashBytes, type OrderMessage, orderDigest, type StatusMessage } from "@tributary/protocol/wire/index";
import type { MemberContext } from "./member-context.ts";

/** The windows of the core: nobody says anything so many heights above the newest ORDER that it holds, or more. */
const WINDOW = 3;

/**
 * Silence of a member that lost its record of what it said, and its end. It said nothing above c + 2 for its own last
 * ORDER(c), and of any q others one that is honest holds ORDER(c - 1) at least: the highest that q others prove, m, and
 * the newest ORDER here, from which outputs were withheld up to its window, bound what may have been said.
 * consensus.md 11, amnesia.
 */
export class Amnesia {
  readonly #context: MemberContext;
  readonly #claimed = new Map<Seat, Height>();
  readonly #proven = new Map<Seat, Height>();

  constructor(context: MemberContext) {
    this.#context = context;
  }

  /** A member says where it is; a certificate is asked for. */
  onStatus(from: Seat, { era, epoch, ordered }: StatusMessage): void {
    const { config, ports } = this.#context;
    if (!ports.journal.silent || era !== config.era || epoch !== config.epoch || this.#proven.has(from)) return;
    this.#claimed.set(from, ordered);
    if (ordered === 0) this.#prove(from, 0);
    else this.#context.send(from, "shares", "get-order", encode({ kind: "get-order", height: ordered }));
  }

  onOrder(from: Seat, message: OrderMessage): void {
    const { height, previous, accepted, certificate } = message;
    const claimed = this.#claimed.get(from);
    if (!this.#context.ports.journal.silent || claimed === undefined || height < claimed) return;
    if (!this.#context.ours(message) || accepted.length < this.#context.quorum) return;
    this.#claimed.delete(from);
    const digest = orderDigest(this.#context.slot(height), previous, accepted);
    this.#context.ports.verifier.certificate(hashBytes(digest), certificate, (ok) => {
      if (ok) this.#prove(from, height);
    });
  }

  #prove(from: Seat, height: Height): void {
    const { ports, quorum, ordered, stopped } = this.#context;
    if (stopped || !ports.journal.silent) return;
    this.#proven.set(from, height);
    if (this.#proven.size < quorum) return;
    const last = Math.max(ordered, ...this.#proven.values()) + WINDOW;
    // A vault in another process may lose its record while this member runs.
    this.#claimed.clear();
    this.#proven.clear();
    ports.journal.remember(last);
    ports.journal.flush(() => undefined);
    this.#context.report({ kind: "remembered", height: last });
  }
}
