import type { Height } from "@tributary/protocol/consensus/types";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import { decode } from "@tributary/protocol/wire/index";
import type { MemberContext } from "./member-context.ts";
import type { ReadyEpoch } from "./ports.ts";
import type { Turn } from "./turn.ts";

/** Heights from the first one whose checkpoint shows READY to the first one of the next epoch. consensus.md 14. */
const BORDER_DISTANCE = 4;

/**
 * S, the first height of the next epoch: so many heights after the first container whose checkpoint is at or above the
 * mainchain block that holds READY. All members compute the same, since checkpoints are ordered data. Whoever executed
 * that container has it in its log before its FINAL for it leaves, so F of that height implies that the old committee has
 * no quorum left at or above S.
 */
export class Border {
  readonly #context: MemberContext;
  readonly #turn: Turn;
  /** S; undefined while no later epoch is ready. */
  #first: Height | undefined;

  constructor(context: MemberContext, turn: Turn) {
    this.#context = context;
    this.#turn = turn;
  }

  get first(): Height | undefined {
    return this.#first;
  }

  /** The epoch that takes over: the newest one that was ready where S was fixed. Undefined until the mainchain said so. */
  get next(): number | undefined {
    if (this.#first === undefined) return undefined;
    const number = this.#numberAt(this.#first - BORDER_DISTANCE);
    return this.#later().findLast(({ block }) => block <= (number ?? -1))?.epoch;
  }

  /** An epoch after this one that is ready. */
  isLater(epoch: number): boolean {
    return this.#later().some((ready) => ready.epoch === epoch);
  }

  replay(first: Height): void {
    this.#first ??= first;
  }

  /** `header`: of the container executed now, or of the newest one; `layers`: of those below it that are not in the store, ascending. */
  look(header: ContainerHeader, layers: Iterable<ContainerHeader>): void {
    if (this.#first !== undefined) return;
    const [ready] = this.#later();
    if (ready === undefined || header.mainchainNumber < ready.block) return;
    const shown = this.#firstShowing(ready.block, header, layers);
    if (shown === undefined) return;
    const first = shown + BORDER_DISTANCE;
    this.#first = first;
    this.#context.report({ kind: "border", first });
    this.#turn.input({ kind: "border", first }, { kind: "border", first });
  }

  /** Checkpoints never go back, so half of what is left is looked at in turn. Undefined where the store begins too late to tell. */
  #firstShowing(block: number, header: ContainerHeader, layers: Iterable<ContainerHeader>): Height | undefined {
    const { store, executor } = this.#context.ports;
    let low = 0;
    let high = executor.committed;
    if (high === 0 || (this.#numberAt(high) ?? -1) < block) {
      for (const layer of layers) if (layer.mainchainNumber >= block) return layer.height;
      return header.height;
    }
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#numberAt(middle) ?? -1) >= block) high = middle;
      else low = middle;
    }
    return low === 0 || store.container(low) !== undefined ? high : undefined;
  }

  #later(): readonly ReadyEpoch[] {
    const { config, ports } = this.#context;
    return ports.mainchain.readyEpochs(config.group, config.era).filter(({ epoch }) => epoch > config.epoch);
  }

  #numberAt(height: Height): number | undefined {
    const { ports, limits } = this.#context;
    const bytes = ports.store.container(height);
    const message = bytes === undefined ? undefined : decode(bytes, limits);
    return message?.kind === "container" ? message.header.mainchainNumber : undefined;
  }
}
