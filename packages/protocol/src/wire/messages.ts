// Every message between members, as in the table of consensus.md 3. Plain data; hashes are text, signatures are bytes.
// What `decode` returns may be views on the received bytes.

import type { Accepted, Height, HexHash, ProposalHeader, Seat, VoteRecord } from "../consensus/types.ts";
import type { ContainerHeader } from "../container/header.ts";
import type { SlotName } from "./slot.ts";

/** What every node-signed message names: the slot, the speaker, and its 65-byte signature over the message's digest. */
export type Envelope = SlotName & {
  readonly seat: Seat;
  /** secp256k1, r ‖ s ‖ recovery id, 65 bytes. */
  readonly signature: Uint8Array;
};

/** A proposal with its body. `signature` is the proposer's node signature over p. To all. */
export type ProposalMessage = {
  readonly kind: "proposal";
  readonly header: ProposalHeader;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
};

/** To the proposer. One for (era, epoch, height, proposer), ever. */
export type AckMessage = Envelope & {
  readonly kind: "ack";
  readonly proposer: Seat;
  /** p. */
  readonly digest: HexHash;
  /** 96 bytes, over `availableDigest(slot, p)`. */
  readonly share: Uint8Array;
};

/** To all, and in answer to GET_CERT. */
export type CertificateMessage = {
  readonly kind: "certificate";
  readonly header: ProposalHeader;
  /** The proposer's node signature over p. */
  readonly signature: Uint8Array;
  /** 96 bytes: q combined shares over `availableDigest(slot, p)`. */
  readonly certificate: Uint8Array;
};

export type VoteMessage = Envelope & { readonly kind: "vote"; readonly records: readonly VoteRecord[] };

/** Share (96 bytes) of coin(seat, round), over `coinDigest(slot, seat, round)`. */
export type CoinShare = { readonly seat: Seat; readonly round: number; readonly share: Uint8Array };

/** Ascending by (seat, round). Not signed: the speaker is the peer of the connection. */
export type CoinMessage = {
  readonly kind: "coin";
  readonly era: number;
  readonly epoch: number;
  readonly height: Height;
  readonly shares: readonly CoinShare[];
};

export type DecideMessage = Envelope & {
  readonly kind: "decide";
  /** D(h). */
  readonly digest: HexHash;
  /** 96 bytes, over D(h) itself. */
  readonly share: Uint8Array;
};

/** A certificate of the order: self-contained, so it needs no speaker. */
export type OrderMessage = SlotName & {
  readonly kind: "order";
  /** D(h-1). */
  readonly previous: HexHash;
  /** Ascending by seat. */
  readonly accepted: readonly Accepted[];
  /** O(h), 96 bytes, over D(h). */
  readonly certificate: Uint8Array;
};

/** `era` is the certificate era: the lock is (era, height). */
export type FinalMessage = Envelope & {
  readonly kind: "final";
  /** Hash of the container header. */
  readonly hash: HexHash;
  /** 96 bytes, over `finalDigest(slot, hash)`. */
  readonly share: Uint8Array;
};

/** A final container with its proof: self-contained. */
export type ContainerMessage = {
  readonly kind: "container";
  readonly header: ContainerHeader;
  /** Era of the key that made F(h); differs from the header's after a recovery. */
  readonly certificateEra: number;
  /** F(h), 96 bytes. */
  readonly certificate: Uint8Array;
  /** `encodeContainerBody`; its root is the header's `bodyRoot`. */
  readonly body: Uint8Array;
};

/** What a member holds of one height above its highest ORDER; bit 0 is seat 0. */
export type Held = { readonly proposals: bigint; readonly certificates: bigint };

export type StatusMessage = {
  readonly kind: "status";
  readonly era: number;
  readonly epoch: number;
  /** c: highest height whose ORDER is held. */
  readonly ordered: Height;
  /** Highest height up to which every container with its F can be had here. */
  readonly final: Height;
  /** Of heights c+1 and c+2. */
  readonly held: readonly [Held, Held];
  /** By seat: 1 + the round in which the instance of height c+1 stands, 0 where it has not started. N entries. */
  readonly rounds: readonly number[];
};

export type GetCertificateMessage = {
  readonly kind: "get-certificate";
  readonly height: Height;
  readonly seat: Seat;
};

/** Bytes `offset` to `offset + length` of the body of proposal p; answered with BODY. */
export type GetBodyMessage = {
  readonly kind: "get-body";
  readonly height: Height;
  readonly digest: HexHash;
  readonly offset: number;
  readonly length: number;
};

/** Not signed: the whole body is checked against the header's `bodyHash`. */
export type BodyMessage = {
  readonly kind: "body";
  readonly height: Height;
  readonly digest: HexHash;
  readonly offset: number;
  readonly bytes: Uint8Array;
};

/** Height 0 asks for the newest. */
export type GetOrderMessage = { readonly kind: "get-order"; readonly height: Height };

/** Containers of `count` heights from `height` on; each is answered with one CONTAINER. */
export type GetContainerMessage = {
  readonly kind: "get-container";
  readonly height: Height;
  readonly count: number;
};

/** Please send your own messages of this height again. */
export type RepeatMessage = { readonly kind: "repeat"; readonly height: Height };

/** A signed transaction (EIP-2718) and how many non-empty heights it has waited. */
export type Forwarded = { readonly age: number; readonly raw: Uint8Array };

export type ForwardMessage = { readonly kind: "forward"; readonly transactions: readonly Forwarded[] };

/** F(h) alone, from the member that combined it: whoever executed the height needs no more. */
export type FinalityMessage = {
  readonly kind: "finality";
  readonly epoch: number;
  readonly height: Height;
  /** Hash of the container header. */
  readonly hash: HexHash;
  readonly certificateEra: number;
  /** F(h), 96 bytes, over `finalDigest(slot, hash)`. */
  readonly certificate: Uint8Array;
};

/** Proof that a member contradicted itself, as `evidence/codec.ts` spells it: self-contained. To all, once. */
export type EvidenceMessage = { readonly kind: "evidence"; readonly evidence: Uint8Array };

export type Message =
  | ProposalMessage
  | AckMessage
  | CertificateMessage
  | VoteMessage
  | CoinMessage
  | DecideMessage
  | OrderMessage
  | FinalMessage
  | ContainerMessage
  | StatusMessage
  | GetCertificateMessage
  | GetBodyMessage
  | BodyMessage
  | GetOrderMessage
  | GetContainerMessage
  | RepeatMessage
  | ForwardMessage
  | FinalityMessage
  | EvidenceMessage;

export type MessageKind = Message["kind"];
