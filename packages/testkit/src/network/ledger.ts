import { forEachSeat } from "@tributary/protocol/consensus/vote-set";
import { type Message, toProposal } from "@tributary/protocol/wire/index";

/**
 * Everything that honest members ever sent, over all their lives: one value for each binding slot; FINAL has
 * one for all epochs of an era. consensus.md 12.
 * Returns what contradicts.
 */
export class Ledger {
  readonly #said = new Map<string, string>();

  /** By era and height: who signed FINAL. */
  readonly #finals = new Map<number, Map<number, Set<number>>>();

  /** The highest height of an era that so many honest members signed FINAL of; 0 for none. */
  highestFinal(era: number, signers: number): number {
    const enough = [...this.finals(era)].filter(([, seats]) => seats.size >= signers);
    return Math.max(0, ...enough.map(([height]) => height));
  }

  /** Honest members that signed FINAL of an era's heights. */
  finals(era: number): ReadonlyMap<number, ReadonlySet<number>> {
    return this.#finalsOf(era);
  }

  record(seat: number, message: Message): string | undefined {
    switch (message.kind) {
      case "proposal":
        return this.#say(
          `${seat} proposal ${message.header.era}.${message.header.epoch} ${message.header.height}`,
          toProposal(message.header).digest,
        );
      case "ack":
        return this.#say(
          `${seat} ack ${message.era}.${message.epoch} ${message.height} ${message.proposer}`,
          message.digest,
        );
      case "decide":
        return this.#say(`${seat} decide ${message.era}.${message.epoch} ${message.height}`, message.digest);
      case "final":
        this.#signedFinal(seat, message);
        return this.#say(`${seat} final ${message.era} ${message.height}`, message.hash);
      case "vote":
        return this.#vote(seat, message);
      default:
        return undefined;
    }
  }

  #signedFinal(seat: number, { era, height }: Extract<Message, { readonly kind: "final" }>): void {
    const heights = this.#finalsOf(era);
    heights.set(height, (heights.get(height) ?? new Set()).add(seat));
  }

  #finalsOf(era: number): Map<number, Set<number>> {
    let heights = this.#finals.get(era);
    if (heights === undefined) {
      heights = new Map();
      this.#finals.set(era, heights);
    }
    return heights;
  }

  #vote(
    seat: number,
    { era, epoch, height, records }: Extract<Message, { readonly kind: "vote" }>,
  ): string | undefined {
    let contradiction: string | undefined;
    for (const { kind, round, zeros, ones } of records) {
      if (kind === "est") continue;
      forEachSeat(zeros | ones, (about) => {
        const values = `${(zeros >> BigInt(about)) & 1n}${(ones >> BigInt(about)) & 1n}`;
        if (kind !== "conf" && values === "11") contradiction = `${seat} ${kind} for both values`;
        contradiction ??= this.#say(`${seat} ${kind} ${era}.${epoch} ${height} ${round} ${about}`, values);
      });
    }
    return contradiction;
  }

  #say(slot: string, value: string): string | undefined {
    const earlier = this.#said.get(slot);
    if (earlier === undefined) this.#said.set(slot, value);
    return earlier === undefined || earlier === value
      ? undefined
      : `honest contradiction: ${slot}: ${earlier}, ${value}`;
  }
}
