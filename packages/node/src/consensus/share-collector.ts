import type { Seat } from "@tributary/protocol/consensus/types";
import type { Share, Verifier } from "./ports.ts";

/**
 * Gathers shares over one digest, at most one a seat, and combines them once q are here and `open` was called. A seat
 * whose share turned out bad is out for this digest.
 */
export class ShareCollector {
  readonly #digest: Uint8Array;
  readonly #quorum: number;
  readonly #verifier: Verifier;
  readonly #combined: (signature: Uint8Array) => void;
  readonly #faulty: (seat: Seat) => void;
  readonly #shares = new Map<Seat, Uint8Array>();
  readonly #rejected = new Set<Seat>();
  #open = false;
  #busy = false;
  #closed = false;

  constructor(
    digest: Uint8Array,
    quorum: number,
    verifier: Verifier,
    combined: (signature: Uint8Array) => void,
    faulty: (seat: Seat) => void,
  ) {
    this.#digest = digest;
    this.#quorum = quorum;
    this.#verifier = verifier;
    this.#combined = combined;
    this.#faulty = faulty;
  }

  /** q shares are here. */
  get ready(): boolean {
    return this.#shares.size >= this.#quorum;
  }

  has(seat: Seat): boolean {
    return this.#shares.has(seat) || this.#rejected.has(seat);
  }

  add(seat: Seat, share: Uint8Array): void {
    if (this.#closed || this.has(seat)) return;
    this.#shares.set(seat, share);
    this.#combine();
  }

  /** From now on q shares are combined at once. */
  open(): void {
    this.#open = true;
    this.#combine();
  }

  /** The result came from elsewhere, or nobody needs it any more. */
  close(): void {
    this.#closed = true;
    this.#shares.clear();
  }

  #combine(): void {
    if (!this.#open || this.#busy || this.#closed || !this.ready) return;
    this.#busy = true;
    const chosen: Share[] = [];
    for (const [seat, share] of this.#shares) {
      if (chosen.length === this.#quorum) break;
      chosen.push({ seat, share });
    }
    this.#verifier.combine(this.#digest, chosen, (result) => {
      this.#busy = false;
      if (this.#closed) return;
      if ("signature" in result) {
        this.close();
        this.#combined(result.signature);
        return;
      }
      for (const seat of result.faulty) {
        this.#shares.delete(seat);
        this.#rejected.add(seat);
        this.#faulty(seat);
      }
      if (result.faulty.length > 0) this.#combine();
    });
  }
}
