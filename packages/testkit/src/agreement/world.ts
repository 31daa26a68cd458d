import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash, Input, Order, Proposal, VoteRecord } from "@tributary/protocol/consensus/types";
import { toProposal } from "@tributary/protocol/wire/proposal-header";

/** What travels in a simulated network, and what a member does by itself. */
export type Message =
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  | { readonly kind: "ack"; readonly from: number; readonly proposal: Proposal }
  | { readonly kind: "certificate"; readonly proposal: Proposal }
  | { readonly kind: "vote"; readonly from: number; readonly height: number; readonly records: readonly VoteRecord[] }
  | {
      readonly kind: "share";
      readonly from: number;
      readonly height: number;
      readonly seat: number;
      readonly round: number;
    }
  | { readonly kind: "decide"; readonly from: number; readonly order: Order }
  | { readonly kind: "order"; readonly order: Order }
  | { readonly kind: "final"; readonly from: number; readonly height: number; readonly hash: HexHash }
  | { readonly kind: "local"; readonly input: Input }
  | { readonly kind: "execute" }
  | { readonly kind: "restart" };

export const group: HexHash = toHex(new Uint8Array(32).fill(0x11));
/** D(0). */
export const genesis: HexHash = toHex(new Uint8Array(32).fill(0x22));

/** The height that a message is parked for when its receiver is far behind; 0 for those that never wait. */
export function heightOf(message: Message): number {
  switch (message.kind) {
    case "proposal":
    case "certificate":
      return message.proposal.header.height;
    case "vote":
    case "share":
      return message.height;
    default:
      return 0;
  }
}

/** Makes proposals, all of them different. */
export class ProposalMint {
  #serial = 0;

  make(seat: number, height: number, anchor: HexHash, empty: boolean): Proposal {
    this.#serial += 1;
    const bodyHash = toHex(new Uint8Array(32).fill(this.#serial & 0xff));
    const content = { bodyHash, bodyBytes: this.#serial, txCount: empty ? 0 : 1, gas: 0, checkpoints: [] };
    return toProposal({ version: 1, group, era: 1, epoch: 1, height, seat, anchor, time: this.#serial, ...content });
  }
}
