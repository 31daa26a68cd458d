import type { Height, HexHash, Seat, VoteKind, VoteRecord } from "@tributary/protocol/consensus/types";
import { forEachSeat } from "@tributary/protocol/consensus/vote-set";
import type { MemberContext } from "./member-context.ts";

/** Values of vote slots: the set of binary values that the bit stands for. */
const choices: readonly HexHash[] = ["0x00", "0x01", "0x02", "0x03"];

/**
 * The journal's slots, by their names, for one epoch. What the journal refuses is left unsaid and reported: it says that
 * code or disk would make this member contradict itself. consensus.md 11.
 */
export class SlotLocks {
  readonly #context: MemberContext;
  readonly #prefix: string;
  #dirty = false;

  constructor(context: MemberContext) {
    this.#context = context;
    this.#prefix = `${context.config.era}.${context.config.epoch}`;
  }

  proposal(height: Height, digest: HexHash): boolean {
    return this.#lock(height, `${this.#prefix}.${height}.proposal`, digest);
  }

  acknowledgement(height: Height, proposer: Seat, digest: HexHash): boolean {
    return this.#lock(height, `${this.#prefix}.${height}.ack.${proposer}`, digest);
  }

  order(height: Height, digest: HexHash): boolean {
    return this.#lock(height, `${this.#prefix}.${height}.order`, digest);
  }

  /** By certificate era, not by epoch: one hash for (era, height), ever. */
  final(height: Height, hash: HexHash): boolean {
    return this.#lock(height, `${this.#context.config.era}.${height}.final`, hash);
  }

  /** The part of a record that may be sent; undefined where nothing is left. EST may be said for both values. */
  votes(height: Height, record: VoteRecord): VoteRecord | undefined {
    if (record.kind === "est") return this.open(height) ? record : undefined;
    let { zeros, ones } = record;
    forEachSeat(zeros | ones, (seat) => {
      const bit = 1n << BigInt(seat);
      const choice = ((zeros & bit) === 0n ? 0 : 1) + ((ones & bit) === 0n ? 0 : 2);
      if (this.#lock(height, this.#voteSlot(height, record.kind, record.round, seat), choices[choice] ?? "0x00"))
        return;
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

  #voteSlot(height: Height, kind: VoteKind, round: number, seat: Seat): string {
    return `${this.#prefix}.${height}.${kind}.${round}.${seat}`;
  }

  #lock(height: Height, slot: string, value: HexHash): boolean {
    if (!this.open(height)) return false;
    this.#dirty = true;
    const granted = this.#context.ports.journal.lock(slot, value);
    if (!granted) this.#context.report({ kind: "refused", slot, value });
    return granted;
  }
}
