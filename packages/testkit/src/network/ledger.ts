import { forEachSeat } from "@tributary/protocol/consensus/vote-set";
import { type Message, toProposal } from "@tributary/protocol/wire/index";

/**
 * Everything that honest members ever sent, over all their lives: one value for each binding slot; FINAL has
 * one for all epochs. consensus.md 12.
 * Returns what contradicts.
 */
export class Ledger {
  readonly #said = new Map<string, string>();

  record(seat: number, message: Message): string | undefined {
    switch (message.kind) {
      case "proposal":
        return this.#say(
          `${seat} proposal ${message.header.epoch} ${message.header.height}`,
          toProposal(message.header).digest,
        );
      case "ack":
        return this.#say(`${seat} ack ${message.epoch} ${message.height} ${message.proposer}`, message.digest);
      case "decide":
        return this.#say(`${seat} decide ${message.epoch} ${message.height}`, message.digest);
      case "final":
        return this.#say(`${seat} final ${message.height}`, message.hash);
      case "vote":
        return this.#vote(seat, message);
      default:
        return undefined;
    }
  }

  #vote(seat: number, { epoch, height, records }: Extract<Message, { readonly kind: "vote" }>): string | undefined {
    let contradiction: string | undefined;
    for (const { kind, round, zeros, ones } of records) {
      if (kind === "est") continue;
      forEachSeat(zeros | ones, (about) => {
        const values = `${(zeros >> BigInt(about)) & 1n}${(ones >> BigInt(about)) & 1n}`;
        if (kind !== "conf" && values === "11") contradiction = `${seat} ${kind} for both values`;
        contradiction ??= this.#say(`${seat} ${kind} ${epoch} ${height} ${round} ${about}`, values);
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
