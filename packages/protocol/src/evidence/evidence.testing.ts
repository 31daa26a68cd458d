// What the tests of evidence share: envelopes of any kind, and signatures that cost nothing.

import { concat, equal } from "../bytes/bytes.ts";
import { hashBytes } from "../bytes/fields.ts";
import { toHex } from "../bytes/hex.ts";
import type { HexHash, ProposalHeader, Seat, VoteKind, VoteRecord } from "../consensus/types.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { ackDigest, decideDigest, finalMessageDigest, voteDigest } from "../wire/digests.ts";
import type { AckMessage, DecideMessage, FinalMessage, VoteMessage } from "../wire/messages.ts";
import { toProposal } from "../wire/proposal-header.ts";
import type { SlotName } from "../wire/slot.ts";
import type { SignedHeader } from "./accuse.ts";

export type Sign = (seat: Seat, digest: Uint8Array) => Uint8Array;

export const word = (byte: number): HexHash => toHex(new Uint8Array(32).fill(byte));

/** Signatures that name their signer: digest ‖ address, and a byte that makes 65. Unforgeable for who does not try. */
export const plainSignatures = {
  address: (seat: Seat): Uint8Array => keccak256(Uint8Array.of(seat)).slice(12),
  sign: (seat: Seat, digest: Uint8Array): Uint8Array =>
    concat(digest, plainSignatures.address(seat), new Uint8Array(13)),
  recoverAddress: (digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined =>
    equal(digest, signature.subarray(0, 32)) && signature.subarray(52).every((byte) => byte === 0)
      ? signature.slice(32, 52)
      : undefined,
};

/** Envelopes of one seat in one slot. */
export class Speaker {
  readonly slot: SlotName;
  readonly seat: Seat;
  readonly #sign: Sign;

  constructor(slot: SlotName, seat: Seat, sign: Sign = plainSignatures.sign) {
    this.slot = slot;
    this.seat = seat;
    this.#sign = sign;
  }

  proposal(fields: Partial<ProposalHeader>): SignedHeader {
    const header: ProposalHeader = {
      version: 1,
      anchor: word(2),
      time: 1_700_000_000_000,
      checkpoints: [{ number: 32, hash: word(3) }],
      bodyHash: word(4),
      bodyBytes: 10,
      txCount: 1,
      gas: 21_000,
      ...fields,
      ...this.slot,
      seat: this.seat,
    };
    return { header, signature: this.#sign(this.seat, hashBytes(toProposal(header).digest)) };
  }

  ack(proposer: Seat, digest: HexHash, share: Uint8Array = new Uint8Array(96)): AckMessage {
    const unsigned = { ...this.slot, seat: this.seat, proposer, digest, share };
    return { kind: "ack", ...unsigned, signature: this.#sign(this.seat, ackDigest(unsigned)) };
  }

  decide(digest: HexHash, share: Uint8Array = new Uint8Array(96)): DecideMessage {
    const unsigned = { ...this.slot, seat: this.seat, digest, share };
    return { kind: "decide", ...unsigned, signature: this.#sign(this.seat, decideDigest(unsigned)) };
  }

  final(hash: HexHash, share: Uint8Array = new Uint8Array(96)): FinalMessage {
    const unsigned = { ...this.slot, seat: this.seat, hash, share };
    return { kind: "final", ...unsigned, signature: this.#sign(this.seat, finalMessageDigest(unsigned)) };
  }

  vote(...records: readonly VoteRecord[]): VoteMessage {
    const unsigned = { ...this.slot, seat: this.seat, records };
    return { kind: "vote", ...unsigned, signature: this.#sign(this.seat, voteDigest(unsigned)) };
  }
}

export function record(kind: VoteKind, round: number, zeros: bigint, ones: bigint): VoteRecord {
  return { kind, round, zeros, ones };
}
