import type { Height } from "@tributary/protocol/consensus/types";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import { decode } from "@tributary/protocol/wire/index";
import { lowestShowing } from "./checkpoint-search.ts";
import type { MemberContext } from "./member-context.ts";
import type { ReadyEpoch } from "./ports.ts";
import { compareTerms, type TermName } from "./term-name.ts";
import type { Turn } from "./turn.ts";

/** Heights from the first one whose checkpoint shows READY to the first one of the next epoch. consensus.md 14. */
const BORDER_DISTANCE = 4;

/**
 * S, the first height of the next epoch, of this era or, by schedule, of the next one: so many heights after the first container whose checkpoint is at or above the
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
  get next(): TermName | undefined {
    if (this.#first === undefined) return undefined;
    const number = this.#numberAt(this.#first - BORDER_DISTANCE);
    const ready = this.#later().findLast(({ block }) => block <= (number ?? -1));
    const shown = this.#context.ports.shown?.();
    return ready ?? (shown?.first === this.#first ? shown.next : undefined);
  }

  /** The last height of this era, as far as that is known here. */
  get last(): Height {
    const next = this.next;
    const first = next !== undefined && next.era !== this.#context.config.era ? this.#first : undefined;
    return (first ?? this.#context.ports.shown?.()?.first ?? Number.POSITIVE_INFINITY) - 1;
  }

  /** An epoch after this one that is ready. */
  isLater(term: TermName): boolean {
    return this.#later().some((ready) => compareTerms(ready, term) === 0);
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
    // Whose store begins too late has the mainchain's word, of the border between eras.
    const first = shown === undefined ? this.#context.ports.shown?.()?.first : shown + BORDER_DISTANCE;
    if (first === undefined) return;
    this.#first = first;
    this.#context.report({ kind: "border", first });
    this.#turn.input({ kind: "border", first }, { kind: "border", first });
  }

  /** Undefined where the store begins too late to tell. */
  #firstShowing(block: number, header: ContainerHeader, layers: Iterable<ContainerHeader>): Height | undefined {
    const { store, executor } = this.#context.ports;
    const high = executor.committed;
    if (high === 0 || (this.#numberAt(high) ?? -1) < block) {
      for (const layer of layers) if (layer.mainchainNumber >= block) return layer.height;
      return header.height;
    }
    const shown = lowestShowing((height) => this.#numberAt(height), high, block);
    return shown === 1 || store.container(shown - 1) !== undefined ? shown : undefined;
  }

  #later(): readonly ReadyEpoch[] {
    const { config, ports } = this.#context;
    return ports.mainchain.readyEpochs(config.group, config.era).filter((ready) => compareTerms(ready, config) > 0);
  }

  #numberAt(height: Height): number | undefined {
    const { ports, limits } = this.#context;
    const bytes = ports.store.container(height);
    const message = bytes === undefined ? undefined : decode(bytes, limits);
    return message?.kind === "container" ? message.header.mainchainNumber : undefined;
  }
}
