import type { Height, HexHash, Seat, VoteRecord } from "@tributary/protocol/consensus/types";
import { forEachSeat } from "@tributary/protocol/consensus/vote-set";
import type { MemberContext } from "./member-context.ts";
import { ackSlot, finalSlot, orderSlot, proposalSlot, voteChoice, voteSlot } from "./statement.ts";

/**
 * The journal's slots, by their names, for one epoch. What the journal refuses is left unsaid and reported: it says that
 * code or disk would make this member contradict itself. consensus.md 11.
 */
export class SlotLocks {
  readonly #context: MemberContext;
  #dirty = false;

  constructor(context: MemberContext) {
    this.#context = context;
  }

  proposal(height: Height, digest: HexHash): boolean {
    return this.#lock(height, proposalSlot(this.#context.config, height), digest);
  }

  acknowledgement(height: Height, proposer: Seat, digest: HexHash): boolean {
    return this.#lock(height, ackSlot(this.#context.config, height, proposer), digest);
  }

  order(height: Height, digest: HexHash): boolean {
    return this.#lock(height, orderSlot(this.#context.config, height), digest);
  }

  /** By certificate era, not by epoch: one hash for (era, height), ever. */
  final(height: Height, hash: HexHash): boolean {
    return this.#lock(height, finalSlot(this.#context.config, height), hash);
  }

  /** The part of a record that may be sent; undefined where nothing is left. EST may be said for both values. */
  votes(height: Height, record: VoteRecord): VoteRecord | undefined {
    if (record.kind === "est") return this.open(height) ? record : undefined;
    let { zeros, ones } = record;
    forEachSeat(zeros | ones, (seat) => {
      const bit = 1n << BigInt(seat);
      const slot = voteSlot(this.#context.config, height, record.kind, record.round, seat);
      if (this.#lock(height, slot, voteChoice(record, seat))) return;
      zeros &= ~bit;
      ones &= ~bit;
    });
    return (zeros | ones) === 0n ? undefined : { kind: record.kind, round: record.round, zeros, ones };
  }

  /** Whether this member may say anything at the height. */
  open(height: Height): boolean {
    return !this.#context.ports.journal.closed(height);
  }

  /** Calls back when all locks so far are durable. */
  flush(done: () => void): void {
    if (!this.#dirty) {
      done();
      return;
    }
    this.#dirty = false;
    this.#context.ports.journal.flush(done);
  }

  #lock(height: Height, slot: string, value: HexHash): boolean {
    if (!this.open(height)) return false;
    this.#dirty = true;
    const granted = this.#context.ports.journal.lock(slot, value);
    if (!granted) this.#context.report({ kind: "refused", slot, value });
    return granted;
  }
}
