import type { HexHash } from "@tributary/protocol/consensus/types";
import type { MainchainEvent } from "../mainchain/events.ts";
import type { MainchainFollower, MainchainStep } from "../mainchain/watcher.ts";

/** Tells of each READY of a reshared epoch, and of an era by schedule, in the very step that delivers it. */
export class ReadyEpochs implements MainchainFollower<MainchainEvent> {
  readonly #tell: (group: HexHash, era: number, epoch: number, block: number) => void;
  /** By chain, as its newest resharing named it. */
  readonly #groups = new Map<bigint, HexHash>();

  constructor(tell: (group: HexHash, era: number, epoch: number, block: number) => void) {
    this.#tell = tell;
  }

  apply({ facts }: MainchainStep<MainchainEvent>): void {
    for (const { event, block } of facts) {
      if (event.name === "ResharingBegun") this.#groups.set(event.chainId, event.group);
      if (event.name === "EraRenewed") this.#tell(event.group, event.era, event.epoch, Number(block));
      if (event.name !== "KeyReshared") continue;
      const group = this.#groups.get(event.chainId);
      if (group !== undefined) this.#tell(group, event.era, event.epoch, Number(block));
    }
  }

  /** A group is a chain's for ever, so that nothing here becomes wrong. */
  rollback(): void {}
}
