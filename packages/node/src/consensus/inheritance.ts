import type { Height, HexHash } from "@tributary/protocol/consensus/types";
import { containerHash } from "@tributary/protocol/container/codec";
import { bodyRoot, type ContainerBody, decodeContainerBody } from "@tributary/protocol/container/container-body";
import { quorum } from "@tributary/protocol/quorum";
import {
  type ContainerMessage,
  decode,
  encode,
  finalDigest,
  hashBytes,
  type OrderMessage,
  orderDigest,
} from "@tributary/protocol/wire/index";
import type { Bodies } from "./bodies.ts";
import type { Inherited } from "./member-config.ts";
import type { MemberContext } from "./member-context.ts";
import type { CertifiedOrder } from "./orders.ts";

/** Milliseconds after which the next peer is asked for what did not come. */
const RETRY_MS = 500;

export type InheritanceHandlers = {
  /** All orders from h_f + 1 up to h_o are here, ascending. */
  complete(orders: readonly CertifiedOrder[]): void;
  /** What a height's bodies held came in another way. */
  content(height: Height): void;
  /** The lowest height of which accepted bodies are missing. */
  starving(): Height | undefined;
};

/** In which a height was ordered. */
type Term = { readonly era: number; readonly epoch: number };

/**
 * What an era takes over from those before it, the last of which a Recovery ended: the orders between h_f and h_o, each bound by the
 * digest that the one above it names, the uppermost by the mainchain's record; and what they ordered. An order counts
 * with its certificate under its era's key only, because the beacon is made of that. Content comes as bodies, or out of a
 * container that an old era certified above h_f: its certificate makes nothing final, but says what was executed.
 * consensus.md 15.
 */
export class Inheritance {
  readonly #context: MemberContext;
  readonly #bodies: Bodies;
  readonly #handlers: InheritanceHandlers;
  readonly #orders = new Map<Height, CertifiedOrder & Term>();
  readonly #contents = new Map<Height, ContainerBody>();
  /** The highest order that is missing, and its digest. */
  #next: Height;
  #expected: HexHash;
  #checking = false;
  #asked = Number.NEGATIVE_INFINITY;
  #turn = 0;

  constructor(context: MemberContext, bodies: Bodies, handlers: InheritanceHandlers) {
    this.#context = context;
    this.#bodies = bodies;
    this.#handlers = handlers;
    const { inherited } = context.config;
    this.#next = inherited?.orderHeight ?? 0;
    this.#expected = inherited?.order ?? context.config.genesis.order;
  }

  get #record(): Inherited | undefined {
    return this.#context.config.inherited;
  }

  get complete(): boolean {
    return this.#next <= (this.#record?.finalHeight ?? 0);
  }

  /** Whether the height was ordered in the era before and is to be made final in this one. */
  covers(height: Height): boolean {
    const record = this.#record;
    return record !== undefined && height > record.finalHeight && height <= record.orderHeight;
  }

  /** In which the height was ordered; undefined where that was in this epoch, or while it is not known. */
  termOf(height: Height): Term | undefined {
    return this.#orders.get(height);
  }

  /** Epoch that the height's header names; undefined while that is not known. */
  epochOf(height: Height): number | undefined {
    if (!this.covers(height)) return this.#context.config.epoch;
    return this.#orders.get(height)?.epoch;
  }

  /** What was ordered at a height whose bodies are not all here. */
  contentOf(height: Height): ContainerBody | undefined {
    const known = this.#contents.get(height);
    if (known !== undefined) return known;
    const stored = this.#context.ports.store.container(height);
    const message = stored === undefined ? undefined : decode(stored, this.#context.limits);
    if (message?.kind !== "container" || message.header.order !== this.#orders.get(height)?.order.digest)
      return undefined;
    return decodeContainerBody(message.body);
  }

  /** What is in the store from the era before. */
  load(): void {
    while (!this.complete) {
      const bytes = this.#context.ports.store.order(this.#next);
      const message = bytes === undefined ? undefined : decode(bytes, this.#context.limits);
      if (bytes === undefined || message?.kind !== "order" || !this.#follows(message)) break;
      this.#take(message, bytes);
    }
    if (this.complete) this.#completed();
  }

  /** False where the message is none of these orders. */
  onOrder(from: number, message: OrderMessage, bytes: Uint8Array): boolean {
    if (message.era >= this.#context.config.era || !this.covers(message.height)) return false;
    if (this.#checking || this.complete || !this.#follows(message)) {
      this.#context.drop(from, "order", "duplicate");
      return true;
    }
    this.#checking = true;
    this.#verify(message.era, hashBytes(this.#expected), message.certificate, (ok) => {
      this.#checking = false;
      if (!ok) {
        this.#context.drop(from, "order", "bad-signature");
        return;
      }
      this.#context.ports.store.putOrder(message.height, bytes);
      this.#take(message, bytes);
      if (this.complete) this.#completed();
      else this.#ask();
    });
    return true;
  }

  /** False where the message is no container of these heights that the era before certified. */
  onContainer(from: number, message: ContainerMessage): boolean {
    const { header, certificate, certificateEra } = message;
    const { height, group, epoch } = header;
    if (certificateEra >= this.#context.config.era || !this.covers(height)) return false;
    const body = decodeContainerBody(message.body);
    const order = this.#orders.get(height)?.order.digest;
    const fits = header.order === order && body !== undefined && bodyRoot(body) === header.bodyRoot;
    if (!fits || body === undefined || this.#contents.has(height) || header.group !== this.#context.config.group) {
      this.#context.drop(from, "container", "invalid");
      return true;
    }
    const signed = finalDigest({ group, era: certificateEra, epoch, height }, containerHash(header));
    this.#verify(certificateEra, signed, certificate, (ok) => {
      if (!ok) this.#context.drop(from, "container", "bad-signature");
      else {
        this.#contents.set(height, body);
        this.#handlers.content(height);
      }
    });
    return true;
  }

  /** Asks the next peer for what is missing. */
  tick(): void {
    if (this.#record === undefined || this.#context.observer) return;
    const now = this.#context.ports.clock.now();
    if (now - this.#asked >= RETRY_MS) this.#ask();
  }

  forget(final: Height): void {
    for (const height of this.#contents.keys()) if (height <= final) this.#contents.delete(height);
  }

  #ask(): void {
    const height = this.complete ? this.#handlers.starving() : this.#next;
    const peers = [...this.#context.up, ...this.#context.guests];
    const peer = peers[this.#turn % Math.max(1, peers.length)];
    if (height === undefined || peer === undefined) return;
    this.#asked = this.#context.ports.clock.now();
    this.#turn += 1;
    if (!this.complete) this.#context.send(peer, "shares", "get-order", encode({ kind: "get-order", height }));
    else if (this.covers(height)) {
      this.#context.send(peer, "shares", "get-container", encode({ kind: "get-container", height, count: 1 }));
    }
  }

  #follows(message: OrderMessage): boolean {
    const { group, era, epoch, height, previous, accepted } = message;
    const members = this.#record?.committeeOf(era, epoch)?.members;
    if (members === undefined || group !== this.#context.config.group) return false;
    if (height !== this.#next || accepted.length < quorum(members)) return false;
    return orderDigest({ group, era, epoch, height }, previous, accepted) === this.#expected;
  }

  #take({ height, era, epoch, previous, accepted, certificate }: OrderMessage, bytes: Uint8Array): void {
    const order = { height, digest: this.#expected, previous, accepted };
    this.#orders.set(height, { order, certificate, bytes, era, epoch });
    for (const { proposal } of accepted) {
      const body = this.#context.ports.store.body(height, proposal.digest);
      if (body !== undefined) this.#bodies.put(proposal, body, []);
    }
    this.#next = height - 1;
    this.#expected = previous;
  }

  #completed(): void {
    this.#handlers.complete([...this.#orders.values()].sort((a, b) => a.order.height - b.order.height));
  }

  #verify(era: number, digest: Uint8Array, certificate: Uint8Array, done: (ok: boolean) => void): void {
    const verifier = this.#context.ports.before?.(era);
    if (verifier === undefined) done(false);
    else verifier.certificate(digest, certificate, done);
  }
}
