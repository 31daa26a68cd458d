import type { Consensus } from "@tributary/protocol/consensus/consensus";
import type { Height, HexHash, Order, Seat } from "@tributary/protocol/consensus/types";
import { accuseDecides } from "@tributary/protocol/evidence/accuse";
import {
  type DecideMessage,
  decideDigest,
  decode,
  encode,
  hashBytes,
  type OrderMessage,
  orderDigest,
} from "@tributary/protocol/wire/index";
import { type Combining, combineInTurn } from "./combining.ts";
import type { Evidence } from "./evidence.ts";
import type { MemberContext } from "./member-context.ts";
import type { OwnMessages } from "./own-messages.ts";
import { ShareCollector } from "./share-collector.ts";
import type { SlotLocks } from "./slot-locks.ts";
import type { Turn } from "./turn.ts";

/** DECIDEs are taken so many heights above the highest ORDER. */
const WINDOW = 3;

/** An order with its certificate O(h), and as the message that serves it. */
export type CertifiedOrder = { readonly order: Order; readonly certificate: Uint8Array; readonly bytes: Uint8Array };

type Deciding = Combining & { readonly order: Order };

/** DECIDE and ORDER. consensus.md 7. */
export class Orders {
  readonly #context: MemberContext;
  readonly #core: Consensus;
  readonly #turn: Turn;
  readonly #own: OwnMessages;
  readonly #locks: SlotLocks;
  readonly #evidence: Evidence;
  /** An order of a height at or below c: wanted for execution. */
  readonly #wanted: (height: Height) => boolean;
  readonly #late: (order: CertifiedOrder) => void;
  readonly #said = new Map<Height, Map<Seat, DecideMessage>>();
  readonly #deciding = new Map<Height, Deciding>();
  /** Verified, on their way through the core. */
  readonly #accepted = new Map<Height, CertifiedOrder>();
  readonly #checking = new Set<string>();

  constructor(
    context: MemberContext,
    core: Consensus,
    turn: Turn,
    own: OwnMessages,
    locks: SlotLocks,
    evidence: Evidence,
    late: { wanted(height: Height): boolean; take(order: CertifiedOrder): void },
  ) {
    this.#context = context;
    this.#core = core;
    this.#turn = turn;
    this.#own = own;
    this.#locks = locks;
    this.#evidence = evidence;
    this.#wanted = (height) => late.wanted(height);
    this.#late = (order) => late.take(order);
  }

  onDecide(from: Seat, message: DecideMessage): void {
    const { height, digest, share } = message;
    if (!this.#context.ours(message) || message.seat !== from) {
      this.#context.drop(from, "decide", "invalid");
      return;
    }
    const { ordered } = this.#context;
    if (height <= ordered || height > ordered + WINDOW) {
      this.#context.drop(from, "decide", "outside-window");
      return;
    }
    if (this.#said.get(height)?.get(from)?.digest === digest) {
      this.#context.drop(from, "decide", "duplicate");
      return;
    }
    this.#context.ports.verifier.node(from, decideDigest(message), message.signature, (ok) => {
      if (!ok) {
        this.#context.drop(from, "decide", "bad-signature");
        return;
      }
      let said = this.#said.get(height);
      if (said === undefined) {
        said = new Map();
        this.#said.set(height, said);
      }
      const earlier = said.get(from);
      if (earlier === undefined) {
        said.set(from, message);
        this.#add(height, from, digest, share);
      } else if (earlier.digest !== digest) this.#evidence.keep(accuseDecides(earlier, message));
    });
  }

  onOrder(from: Seat, message: OrderMessage, bytes: Uint8Array): void {
    const { height, previous, accepted, certificate } = message;
    if (!this.#context.ours(message) || accepted.length < this.#context.quorum) {
      this.#context.drop(from, "order", "invalid");
      return;
    }
    const check = `${height}.${from}`;
    if (!this.#useful(height) || this.#checking.has(check)) {
      this.#context.drop(from, "order", "duplicate");
      return;
    }
    const digest = orderDigest(this.#context.slot(height), previous, accepted);
    this.#checking.add(check);
    this.#context.ports.verifier.certificate(hashBytes(digest), certificate, (ok) => {
      this.#checking.delete(check);
      if (!ok) {
        this.#context.drop(from, "order", "bad-signature");
        return;
      }
      this.#accept(from, { order: { height, digest, previous, accepted }, certificate, bytes });
    });
  }

  /** The order of a log record, ready for `take`. */
  replay(message: OrderMessage, bytes: Uint8Array): Order {
    const { height, previous, accepted, certificate } = message;
    const digest = orderDigest(this.#context.slot(height), previous, accepted);
    const order: Order = { height, digest, previous, accepted };
    this.#accepted.set(height, { order, certificate, bytes });
    return order;
  }

  /** The certified form of the order that the core reported. */
  take(height: Height): CertifiedOrder | undefined {
    const accepted = this.#accepted.get(height);
    for (const known of this.#accepted.keys()) if (known <= height) this.#accepted.delete(known);
    return accepted;
  }

  /** Headers and certificates of the accepted seats are durable: locks D(h), then releases the share over it. */
  release(order: Order): (() => void) | undefined {
    const { height, digest } = order;
    if (height <= this.#context.ordered || !this.#locks.order(height, digest)) return undefined;
    return () => {
      const { config, ports } = this.#context;
      const { seat } = config;
      const slot = this.#context.slot(height);
      ports.signer.sign({ kind: "decide", slot, order }, ({ signature, shares: [share] }) => {
        if (height <= this.#context.ordered || share === undefined) return;
        const bytes = encode({ kind: "decide", ...slot, seat, digest, share, signature });
        const message = this.#own.agreement(height, "decide", bytes);
        this.#context.broadcast(message.channel, message.kind, bytes);
        this.#collect(order, share);
      });
    };
  }

  /** An ORDER as it is served: from the store. */
  serve(to: Seat, height: Height): void {
    const { store } = this.#context.ports;
    const bytes = store.order(height === 0 ? this.#context.ordered : height);
    if (bytes !== undefined) this.#context.send(to, "shares", "order", bytes);
  }

  /** A stored ORDER of a height. */
  stored(height: Height): CertifiedOrder | undefined {
    const bytes = this.#context.ports.store.order(height);
    const message = bytes === undefined ? undefined : decode(bytes, this.#context.limits);
    if (bytes === undefined || message?.kind !== "order") return undefined;
    const { previous, accepted, certificate } = message;
    const digest = orderDigest(message, previous, accepted);
    return { order: { height, digest, previous, accepted }, certificate, bytes };
  }

  /** The stored ORDER of the newest final height is news to the core where the log lost its end. After the replay. */
  resume(height: Height): void {
    const certified = height <= this.#context.ordered ? undefined : this.stored(height);
    if (certified !== undefined) this.#accept(this.#context.config.seat, certified);
  }

  forget(ordered: Height): void {
    for (const height of this.#said.keys()) if (height <= ordered) this.#said.delete(height);
    for (const [height, deciding] of this.#deciding) {
      if (height > ordered) continue;
      deciding.collector.close();
      this.#deciding.delete(height);
    }
  }

  #useful(height: Height): boolean {
    if (height <= this.#context.ordered) return this.#wanted(height);
    return this.#core.wants({ kind: "order", height }) && !this.#accepted.has(height);
  }

  #accept(from: Seat, certified: CertifiedOrder): void {
    const { order, bytes } = certified;
    if (!this.#useful(order.height)) return;
    if (order.height <= this.#context.ordered) {
      this.#late(certified);
      return;
    }
    this.#accepted.set(order.height, certified);
    this.#turn.input({ kind: "order", order }, { kind: "message", from, message: bytes });
  }

  #collect(order: Order, ownShare: Uint8Array): void {
    const { height, digest } = order;
    const { config, ports, quorum } = this.#context;
    const collector = new ShareCollector(
      hashBytes(digest),
      quorum,
      ports.verifier,
      (certificate) => this.#combined(deciding, certificate),
      (from) => this.#context.report({ kind: "bad-share", from, about: "decide", height }),
    );
    const deciding: Deciding = { order, collector, opening: false, says: true };
    this.#deciding.set(height, deciding);
    this.#add(height, config.seat, digest, ownShare);
    for (const [from, said] of this.#said.get(height) ?? []) this.#add(height, from, said.digest, said.share);
  }

  #add(height: Height, from: Seat, digest: HexHash, share: Uint8Array): void {
    const deciding = this.#deciding.get(height);
    if (deciding === undefined || deciding.order.digest !== digest) return;
    deciding.collector.add(from, share);
    combineInTurn(this.#context, height, deciding);
  }

  #combined({ order, says }: Deciding, certificate: Uint8Array): void {
    const { height, previous, accepted } = order;
    if (height <= this.#context.ordered) return;
    const bytes = encode({ kind: "order", ...this.#context.slot(height), previous, accepted, certificate });
    this.#accept(this.#context.config.seat, { order, certificate, bytes });
    if (says) this.#turn.afterFlush(() => this.#context.broadcast("shares", "order", bytes));
  }
}
