import type { Order } from "@tributary/protocol/consensus/types";
import { encodeContainerHeader } from "@tributary/protocol/container/codec";
import type { FinalClaim, OrderClaim, RecoveryClaims } from "@tributary/protocol/ports/recovery-host";
import { type ContainerMessage, decode, type OrderMessage, orderContent } from "@tributary/protocol/wire/index";
import type { Bodies } from "./bodies.ts";
import type { Freeze } from "./freeze.ts";
import type { Inheritance } from "./inheritance.ts";
import type { MemberContext } from "./member-context.ts";
import type { Turn } from "./turn.ts";

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
  take(era: number, done: (claims: RecoveryClaims) => void): void {
    if (this.#freeze.opening === undefined) {
      done({});
      return;
    }
    const final = this.#final(era);
    const { order, inherited, lacks } = this.#orders(era);
    const claims = {
      ...(final === undefined ? {} : { final }),
      ...(order === undefined ? {} : { order }),
      ...(lacks ? { lacking: inherited === undefined ? {} : { upTo: inherited } } : {}),
    };
    this.#context.ports.store.flush(() => this.#turn.afterFlush(() => done(claims)));
  }

  #final(certified: number): FinalClaim | undefined {
    const message = this.#read(this.#context.ports.store.container(this.#context.committed));
    if (message?.kind !== "container") return undefined;
    const { config, ports } = this.#context;
    // At the border of a scheduled era the highest may be of the era before, which covers it; elsewhere such a one is void.
    const covered = config.inherited === undefined && ports.ending?.() === undefined;
    if (message.certificateEra !== certified && !(covered && message.certificateEra < certified)) return undefined;
    const { header, certificateEra: era, certificate } = message;
    return { height: header.height, era, container: encodeContainerHeader(header), certificate };
  }

  /** The unbroken run of orders above what is final here, all of whose bodies are here. */
  #orders(era: number): { readonly order?: OrderClaim; readonly inherited?: OrderClaim; readonly lacks: boolean } {
    const { config, committed, ports } = this.#context;
    let order: OrderMessage | undefined;
    let inherited: OrderMessage | undefined;
    let height = committed + 1;
    for (; ; height++) {
      const message = this.#read(ports.store.order(height));
      if (message?.kind !== "order" || !this.#counts(message) || !this.#serves(message)) break;
      // Before the border of a scheduled era the one in charge is still the era before.
      if (message.era === era || message.era === config.era) order = message;
      else inherited = message;
    }
    // Who has not come to the end of the era before cannot tell.
    const { finalHeight = 0, orderHeight = 0 } = config.inherited ?? {};
    const lacks = config.era === era && committed >= finalHeight && height <= orderHeight;
    return {
      ...(order === undefined ? {} : { order: claimOf(order) }),
      ...(inherited === undefined ? {} : { inherited: claimOf(inherited) }),
      lacks,
    };
  }

  /** What the store holds of an era beyond the end that a Recovery gave it was never taken over. */
  #counts({ height, era }: OrderMessage): boolean {
    const { config } = this.#context;
    if (!this.#inheritance.covers(height)) return era === config.era;
    return era === (this.#inheritance.termOf(height)?.era ?? era) && era < config.era;
  }

  #serves({ height, accepted }: { readonly height: number; readonly accepted: Order["accepted"] }): boolean {
    const { store } = this.#context.ports;
    const here = (proposal: Order["accepted"][number]["proposal"]): boolean =>
      this.#bodies.get(proposal) !== undefined || store.body(height, proposal.digest) !== undefined;
    if (accepted.every(({ proposal }) => here(proposal))) return true;
    return this.#inheritance.covers(height) && this.#inheritance.contentOf(height) !== undefined;
  }

  #read(bytes: Uint8Array | undefined): OrderMessage | ContainerMessage | undefined {
    const message = bytes === undefined ? undefined : decode(bytes, this.#context.limits);
    return message?.kind === "order" || message?.kind === "container" ? message : undefined;
  }
}

function claimOf({ height, era, epoch, previous, accepted, certificate }: OrderMessage): OrderClaim {
  return { height, era, epoch, content: orderContent(previous, accepted), certificate };
}
