import { forEachSeat } from "@tributary/protocol/consensus/vote-set";
import { type Message, toProposal } from "@tributary/protocol/wire/index";

/**
 * Everything that honest members ever sent, over all their lives: one value for each binding slot; FINAL has
 * one for all epochs of an era. consensus.md 12.
 * Returns what contradicts.
 */
export class Ledger {
  readonly #said = new Map<string, string>();

  readonly #finals = new Map<string, number>();

  /** The highest height of an era that so many honest members signed FINAL of; 0 for none. */
  highestFinal(era: number, signers: number): number {
    const counts = new Map<number, number>();
    for (const [name, height] of this.#finals) {
      if (name.startsWith(`${era} `)) counts.set(height, (counts.get(height) ?? 0) + 1);
    }
    return Math.max(0, ...[...counts].filter(([, count]) => count >= signers).map(([height]) => height));
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
        this.#finals.set(`${message.era} ${message.height} ${seat}`, message.height);
        return this.#say(`${seat} final ${message.era} ${message.height}`, message.hash);
      case "vote":
        return this.#vote(seat, message);
      default:
        return undefined;
    }
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
