import type { Order } from "@tributary/protocol/consensus/types";
import { encodeContainerHeader } from "@tributary/protocol/container/codec";
import type { FinalClaim, OrderClaim } from "@tributary/protocol/ports/recovery-host";
import { type ContainerMessage, decode, type OrderMessage, orderContent } from "@tributary/protocol/wire/index";
import type { Bodies } from "./bodies.ts";
import type { Freeze } from "./freeze.ts";
import type { Inheritance } from "./inheritance.ts";
import type { MemberContext } from "./member-context.ts";
import type { Turn } from "./turn.ts";

export type Claims = { readonly final?: FinalClaim; readonly order?: OrderClaim };

/**
 * What this member can post in a Recovery: the highest container with F, and the highest order above it down from which
 * it can serve all that was ordered. Only what is durable, and only of a member that is frozen: what it signs after a
 * claim could become final above everything that was claimed. consensus.md 15.
 */
export class ClaimSource {
  readonly #context: MemberContext;
  readonly #turn: Turn;
  readonly #bodies: Bodies;
  readonly #freeze: Freeze;
  readonly #inheritance: Inheritance;

  constructor(context: MemberContext, turn: Turn, bodies: Bodies, freeze: Freeze, inheritance: Inheritance) {
    this.#context = context;
    this.#turn = turn;
    this.#bodies = bodies;
    this.#freeze = freeze;
    this.#inheritance = inheritance;
  }

  /** Calls back once what is claimed is durable, and so is the freeze. */
  take(era: number, done: (claims: Claims) => void): void {
    if (this.#freeze.opening === undefined) {
      done({});
      return;
    }
    const final = this.#final(era);
    const order = this.#order(era);
    const claims = { ...(final === undefined ? {} : { final }), ...(order === undefined ? {} : { order }) };
    this.#context.ports.store.flush(() => this.#turn.afterFlush(() => done(claims)));
  }

  #final(certified: number): FinalClaim | undefined {
    const message = this.#read(this.#context.ports.store.container(this.#context.committed));
    if (message?.kind !== "container" || message.certificateEra !== certified) return undefined;
    const { header, certificateEra: era, certificate } = message;
    return { height: header.height, era, container: encodeContainerHeader(header), certificate };
  }

  #order(era: number): OrderClaim | undefined {
    let highest: OrderMessage | undefined;
    for (let height = this.#context.committed + 1; ; height++) {
      const message = this.#read(this.#context.ports.store.order(height));
      if (message?.kind !== "order" || !this.#serves(message)) break;
      if (message.era === era) highest = message;
    }
    if (highest === undefined) return undefined;
    const { height, epoch, previous, accepted, certificate } = highest;
    return { height, era, epoch, content: orderContent(previous, accepted), certificate };
  }

  #serves({ height, accepted }: { readonly height: number; readonly accepted: Order["accepted"] }): boolean {
    if (accepted.every(({ proposal }) => this.#bodies.get(proposal) !== undefined)) return true;
    return this.#inheritance.covers(height) && this.#inheritance.contentOf(height) !== undefined;
  }

  #read(bytes: Uint8Array | undefined): OrderMessage | ContainerMessage | undefined {
    const message = bytes === undefined ? undefined : decode(bytes, this.#context.limits);
    return message?.kind === "order" || message?.kind === "container" ? message : undefined;
  }
}
