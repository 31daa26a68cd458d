import type { Channel, Mesh } from "@tributary/node/consensus/ports";
import { encode, type Message, type MessageKind } from "@tributary/protocol/wire/index";
import type { Random } from "../agreement/random.ts";
import type { Abuse } from "./abuse.ts";
import type { Forger } from "./forger.ts";
import type { SimulatedMesh } from "./simulated-mesh.ts";

export const STYLES = ["mixed", "silent", "split", "liar", "flooder", "hoarder"] as const;

export type StyleName = (typeof STYLES)[number];

/** What each style does with a message to one receiver; the rest is sent as it is. */
const HABITS: {
  readonly [name in StyleName]: { readonly withhold: number; readonly forge: number; readonly equivocate: number };
} = {
  mixed: { withhold: 0.2, forge: 0.2, equivocate: 0.2 },
  silent: { withhold: 0.95, forge: 0, equivocate: 0 },
  split: { withhold: 0, forge: 0, equivocate: 0.5 },
  liar: { withhold: 0.1, forge: 0.6, equivocate: 0.2 },
  flooder: { withhold: 0.1, forge: 0.2, equivocate: 0.3 },
  hoarder: { withhold: 0, forge: 0, equivocate: 0 },
};

const CHANNELS: { readonly [kind in MessageKind]?: Channel } = { vote: "votes", status: "votes", repeat: "votes" };
/** Without its DECIDE the others may miss a certificate that it has. */
const KEPT_BACK: ReadonlySet<MessageKind> = new Set(["decide", "order", "body", "container"]);
/** Messages of a kind that the member keeps to send again out of season. */
const KEPT = 8;

/** The mesh of a faulty member: between its driver, which behaves, and the network stands somebody who does not. */
export class ByzantineMesh implements Mesh {
  readonly #mesh: SimulatedMesh;
  readonly #seat: number;
  readonly #members: number;
  readonly #random: Random;
  readonly #forger: Forger;
  readonly #abuse: Abuse;
  readonly #style: StyleName;
  /** Receivers that a splitter tells another story. */
  readonly #side: readonly boolean[];
  readonly #favourite: number;
  readonly #seen = new Map<MessageKind, Message[]>();
  readonly #variants = new WeakMap<Uint8Array, Uint8Array>();

  /** Tells nobody what was ordered, nor what was in it: whoever claims it in a Recovery need not serve it. */
  keeps = false;

  constructor(
    mesh: SimulatedMesh,
    seat: number,
    members: number,
    random: Random,
    forger: Forger,
    abuse: Abuse,
    style: StyleName,
  ) {
    this.#mesh = mesh;
    this.#seat = seat;
    this.#members = members;
    this.#random = random;
    this.#forger = forger;
    this.#abuse = abuse;
    this.#style = style;
    this.#favourite = random.below(members);
    this.#side = Array.from({ length: members }, () => random.chance(0.5));
  }

  send(to: number, channel: Channel, bytes: Uint8Array): void {
    const message = this.#mesh.message(bytes);
    if (message === undefined) return;
    this.observe(message);
    if (this.keeps && KEPT_BACK.has(message.kind)) {
      this.#abuse.add(message.kind, "withheld");
      return;
    }
    // A hoarder shows its certificate to one member only, and lets it decide.
    if (this.#style === "hoarder" && message.kind === "certificate" && to !== this.#favourite) {
      this.#abuse.add(message.kind, "withheld");
      return;
    }
    const habit = HABITS[this.#style];
    const luck = this.#random.fraction();
    if (luck < habit.withhold) {
      this.#abuse.add(message.kind, "withheld");
      return;
    }
    if (luck < habit.withhold + habit.forge) {
      this.#abuse.add(message.kind, "forged");
      this.#pass(to, channel, this.#forger.forge(message));
      if (this.#random.chance(0.5)) return;
    } else if (this.#side[to] === true && luck < habit.withhold + habit.forge + habit.equivocate) {
      this.#abuse.add(message.kind, "equivocated");
      this.#mesh.send(this.#seat, to, channel, this.#variant(bytes, message));
      if (this.#random.chance(0.5)) return;
    }
    this.#mesh.send(this.#seat, to, channel, bytes);
  }

  /** Something that passed by: material for later. */
  observe(message: Message): void {
    const seen = this.#seen.get(message.kind) ?? [];
    seen.push(message);
    if (seen.length > KEPT) seen.shift();
    this.#seen.set(message.kind, seen);
  }

  /** Sends something that nobody asked for. `ordered`: where the chain stands. */
  inject(kinds: readonly MessageKind[], ordered: number): void {
    const kind = this.#random.pick(kinds);
    const to = this.#random.below(this.#members);
    const base = this.#material(kind, ordered);
    if (to === this.#seat || base === undefined) return;
    const forged = this.#random.chance(0.5);
    this.#abuse.add(kind, forged ? "forged" : "equivocated");
    const height = ordered + this.#random.below(4);
    const message =
      kind === "vote" && base.kind === "vote" && !forged
        ? this.#forger.vote(base, height)
        : forged
          ? this.#forger.forge(base)
          : this.#forger.equivocate(base);
    this.#pass(to, CHANNELS[kind] ?? "shares", message);
  }

  #material(kind: MessageKind, ordered: number): Message | undefined {
    const height = ordered + this.#random.below(3);
    switch (kind) {
      case "get-certificate":
        return { kind, height, seat: this.#random.below(this.#members) };
      case "get-order":
      case "repeat":
        return { kind, height };
      case "get-container":
        return { kind, height: Math.max(1, height - 2), count: 3 };
      case "get-body": {
        const proposal = this.#seen.get("proposal")?.at(-1);
        return {
          kind,
          height,
          digest: this.#forger.group,
          offset: 0,
          length: proposal?.kind === "proposal" ? proposal.body.length : 10,
        };
      }
      case "body":
        return { kind, height, digest: this.#forger.group, offset: 0, bytes: new Uint8Array(20) };
      case "coin": {
        // A share before its time: the coin of a round that nobody may have reached.
        const share = {
          seat: this.#random.below(this.#members),
          round: this.#random.below(3),
          share: new Uint8Array(96),
        };
        return { kind, era: 1, epoch: 1, height: height + 1, shares: [share] };
      }
      case "forward":
        return { kind, transactions: [{ age: 1, raw: new Uint8Array(10) }] };
      default: {
        const seen = this.#seen.get(kind);
        return seen === undefined ? undefined : this.#random.pick(seen);
      }
    }
  }

  /** One variant a message, so that all receivers on one side hear the same. */
  #variant(bytes: Uint8Array, message: Message): Uint8Array {
    let variant = this.#variants.get(bytes);
    if (variant === undefined) {
      variant = encode(this.#forger.equivocate(message));
      this.#variants.set(bytes, variant);
    }
    return variant;
  }

  #pass(to: number, channel: Channel, message: Message): void {
    this.#mesh.send(this.#seat, to, channel, encode(message));
  }
}
