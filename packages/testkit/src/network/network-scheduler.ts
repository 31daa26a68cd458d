import type { Message, MessageKind } from "@tributary/protocol/wire/index";
import type { Random } from "../agreement/random.ts";

export const NETWORKS = ["uniform", "heavy-tail", "starve", "partition", "slow-kind", "value-split", "jitter"] as const;

export type NetworkName = (typeof NETWORKS)[number];

const SLOWED: readonly MessageKind[] = [
  "proposal",
  "ack",
  "certificate",
  "vote",
  "coin",
  "decide",
  "order",
  "final",
  "finality",
  "body",
  "container",
  "forward",
];

/** Delays every message as it likes, but not for ever. Milliseconds. */
export class NetworkScheduler {
  readonly name: NetworkName;
  readonly #random: Random;
  readonly #side: readonly number[];
  readonly #starved: ReadonlySet<number>;
  readonly #slow: MessageKind;

  constructor(members: number, faulty: number, random: Random, name?: NetworkName) {
    this.#random = random;
    this.name = name ?? random.pick(NETWORKS);
    this.#side = Array.from({ length: members }, () => random.bit());
    const starved = new Set<number>();
    while (starved.size < faulty) starved.add(random.below(members));
    this.#starved = starved;
    this.#slow = random.pick(SLOWED);
  }

  delay(from: number, to: number, message: Message | undefined): number {
    const luck = this.#random.fraction();
    switch (this.name) {
      case "heavy-tail":
        return Math.min(4_000, 1 / (luck * Math.sqrt(luck) + 1e-4));
      case "starve":
        return (1 + 9 * luck) * (this.#starved.has(from) || this.#starved.has(to) ? 60 : 1);
      case "partition":
        return (1 + 9 * luck) * (this.#side[from] === this.#side[to] ? 1 : 40);
      case "slow-kind":
        return (1 + 9 * luck) * (message?.kind === this.#slow ? 40 : 1);
      case "value-split":
        return (1 + 9 * luck) * (message?.kind === "vote" && this.#against(to, message) ? 40 : 1);
      case "jitter":
        return 120 * luck * luck;
      case "uniform":
        return 1 + 9 * luck;
    }
  }

  /** Votes mostly for the value that this receiver is to see late. */
  #against(to: number, message: Extract<Message, { readonly kind: "vote" }>): boolean {
    let ones = 0;
    let zeros = 0;
    for (const record of message.records) {
      if (record.ones !== 0n) ones += 1;
      if (record.zeros !== 0n) zeros += 1;
    }
    return (this.#side[to] === 0 ? zeros : ones) > 0;
  }
}
