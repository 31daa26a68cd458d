import type { Height, Seat } from "@tributary/protocol/consensus/types";
import type { MessageKind } from "@tributary/protocol/wire/index";
import type { Channel } from "./ports.ts";

/** A message as it was sent, for sending again: repeats are identical. */
export type OwnMessage = { readonly kind: MessageKind; readonly channel: Channel; readonly bytes: Uint8Array };

type HeightMessages = {
  proposal: OwnMessage | undefined;
  certificate: OwnMessage | undefined;
  final: OwnMessage | undefined;
  readonly acknowledgements: Map<Seat, OwnMessage>;
  /** VOTE, COIN and DECIDE in the order in which they were sent. */
  readonly agreement: OwnMessage[];
};

/** What this member said at the heights that are not final yet. Bounded: by the windows of heights, and by its own steps. */
export class OwnMessages {
  readonly #heights = new Map<Height, HeightMessages>();

  proposal(height: Height, bytes: Uint8Array): OwnMessage {
    const message: OwnMessage = { kind: "proposal", channel: "bodies", bytes };
    this.#at(height).proposal = message;
    return message;
  }

  certificate(height: Height, bytes: Uint8Array): OwnMessage {
    const message: OwnMessage = { kind: "certificate", channel: "shares", bytes };
    this.#at(height).certificate = message;
    return message;
  }

  acknowledgement(height: Height, proposer: Seat, bytes: Uint8Array): OwnMessage {
    const message: OwnMessage = { kind: "ack", channel: "shares", bytes };
    this.#at(height).acknowledgements.set(proposer, message);
    return message;
  }

  agreement(height: Height, kind: "vote" | "coin" | "decide", bytes: Uint8Array): OwnMessage {
    const message: OwnMessage = { kind, channel: kind === "vote" ? "votes" : "shares", bytes };
    this.#at(height).agreement.push(message);
    return message;
  }

  final(height: Height, bytes: Uint8Array): OwnMessage {
    const message: OwnMessage = { kind: "final", channel: "shares", bytes };
    this.#at(height).final = message;
    return message;
  }

  get(height: Height): Readonly<HeightMessages> | undefined {
    return this.#heights.get(height);
  }

  /** Highest height at which something was said; 0 for none. */
  get highest(): Height {
    let highest = 0;
    for (const height of this.#heights.keys()) highest = Math.max(highest, height);
    return highest;
  }

  /** ORDER is held up to `ordered`, containers with F up to `committed`. */
  forget(ordered: Height, committed: Height): void {
    for (const [height, messages] of this.#heights) {
      if (height <= committed) this.#heights.delete(height);
      else if (height <= ordered) {
        messages.proposal = undefined;
        messages.certificate = undefined;
        messages.acknowledgements.clear();
        messages.agreement.length = 0;
      }
    }
  }

  #at(height: Height): HeightMessages {
    let messages = this.#heights.get(height);
    if (messages === undefined) {
      messages = {
        proposal: undefined,
        certificate: undefined,
        final: undefined,
        acknowledgements: new Map(),
        agreement: [],
      };
      this.#heights.set(height, messages);
    }
    return messages;
  }
}
