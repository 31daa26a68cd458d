import type { HexHash } from "@tributary/protocol/consensus/types";
import type { MainchainEvent } from "../mainchain/events.ts";
import type { MainchainFollower, MainchainStep } from "../mainchain/watcher.ts";

/** Who keeps what the mainchain says of chains' rules. Times in seconds. */
export type ForkBook = {
  fork(group: HexHash, rules: number, time: number, block: number): void;
  forkCancelled(group: HexHash, rules: number, block: number): void;
};

/** Tells of each announcement of other rules in the very step that delivers it. */
export class ForkAnnouncements implements MainchainFollower<MainchainEvent> {
  readonly #book: ForkBook;

  constructor(book: ForkBook) {
    this.#book = book;
  }

  apply({ facts }: MainchainStep<MainchainEvent>): void {
    for (const { event, block } of facts) {
      if (event.name === "ForkScheduled") this.#book.fork(event.group, event.rules, Number(event.time), Number(block));
      if (event.name === "ForkCancelled") this.#book.forkCancelled(event.group, event.rules, Number(block));
    }
  }

  /** Whoever keeps them hears of it by itself. */
  rollback(): void {}
}
