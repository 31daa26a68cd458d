import type { Height, HexHash, Order, Proposal, Seat, VoteKind, VoteRecord } from "@tributary/protocol/consensus/types";
import { forEachSeat } from "@tributary/protocol/consensus/vote-set";
import {
  ackDigest,
  availableDigest,
  coinDigest,
  decideDigest,
  finalDigest,
  finalMessageDigest,
  hashBytes,
  type SlotName,
  voteDigest,
} from "@tributary/protocol/wire/index";

export type CoinSlot = { readonly seat: Seat; readonly round: number };

/**
 * What a member says with its keys, whole: whoever signs can see which slot it binds and makes the digests itself. A key
 * that signed any digest could be had to sign two proposals.
 */
export type Statement =
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  /** The own proposal is acknowledged by a share alone. */
  | { readonly kind: "ack"; readonly slot: SlotName; readonly proposer: Seat; readonly digest: HexHash }
  | { readonly kind: "vote"; readonly slot: SlotName; readonly records: readonly VoteRecord[] }
  | { readonly kind: "coin"; readonly slot: SlotName; readonly coins: readonly CoinSlot[] }
  /** `order.height` is the slot's. */
  | { readonly kind: "decide"; readonly slot: SlotName; readonly order: Order }
  /** The slot's era is the certificate era; `epoch` is that of the container's header, which a Recovery does not change. */
  | { readonly kind: "final"; readonly slot: SlotName; readonly epoch: number; readonly hash: HexHash };

/** What a statement takes; the rest is empty. */
export type Signed = {
  /** 65 bytes, by the node key, over the message with its share. */
  readonly signature: Uint8Array;
  /** 96 bytes each: one, or one a coin in the statement's order. */
  readonly shares: readonly Uint8Array[];
};

/** A member's keys, both over 32-byte digests. */
export type RawKeys = {
  node(digest: Uint8Array): Uint8Array;
  share(digest: Uint8Array): Uint8Array;
};

const NONE: Uint8Array = new Uint8Array(0);

export function signStatement(statement: Statement, seat: Seat, keys: RawKeys): Signed {
  switch (statement.kind) {
    case "proposal":
      return { signature: keys.node(hashBytes(statement.proposal.digest)), shares: [] };
    case "ack": {
      const { slot, proposer, digest } = statement;
      const share = keys.share(availableDigest(slot, digest));
      const signature = proposer === seat ? NONE : keys.node(ackDigest({ ...slot, seat, proposer, digest, share }));
      return { signature, shares: [share] };
    }
    case "vote":
      return { signature: keys.node(voteDigest({ ...statement.slot, seat, records: statement.records })), shares: [] };
    case "coin": {
      const { slot, coins } = statement;
      return { signature: NONE, shares: coins.map((coin) => keys.share(coinDigest(slot, coin.seat, coin.round))) };
    }
    case "decide": {
      const { slot, order } = statement;
      const { digest } = order;
      const share = keys.share(hashBytes(digest));
      return { signature: keys.node(decideDigest({ ...slot, seat, digest, share })), shares: [share] };
    }
    case "final": {
      const { slot, epoch, hash } = statement;
      const share = keys.share(finalDigest({ ...slot, epoch }, hash));
      return { signature: keys.node(finalMessageDigest({ ...slot, seat, hash, share })), shares: [share] };
    }
  }
}

export function slotOf(statement: Statement): SlotName {
  return statement.kind === "proposal" ? statement.proposal.header : statement.slot;
}

/** A slot with its value, as a journal keeps it. */
export type Bound = readonly [slot: string, value: HexHash];

type EpochName = Pick<SlotName, "era" | "epoch">;

export function proposalSlot({ era, epoch }: EpochName, height: Height): string {
  return `${era}.${epoch}.${height}.proposal`;
}

export function ackSlot({ era, epoch }: EpochName, height: Height, proposer: Seat): string {
  return `${era}.${epoch}.${height}.ack.${proposer}`;
}

export function orderSlot({ era, epoch }: EpochName, height: Height): string {
  return `${era}.${epoch}.${height}.order`;
}

/** By certificate era, not by epoch: one hash for (era, height), ever. */
export function finalSlot({ era }: EpochName, height: Height): string {
  return `${era}.${height}.final`;
}

export function voteSlot({ era, epoch }: EpochName, height: Height, kind: VoteKind, round: number, seat: Seat): string {
  return `${era}.${epoch}.${height}.${kind}.${round}.${seat}`;
}

/** Values of vote slots: the set of binary values that the bit stands for. */
const choices: readonly HexHash[] = ["0x00", "0x01", "0x02", "0x03"];

/** What a record says of a seat. */
export function voteChoice({ zeros, ones }: VoteRecord, seat: Seat): HexHash {
  const bit = 1n << BigInt(seat);
  return choices[((zeros & bit) === 0n ? 0 : 1) + ((ones & bit) === 0n ? 0 : 2)] ?? "0x00";
}

/** What a statement binds. EST may be said for both values, and a coin has one value whoever asks. */
export function boundBy(statement: Statement): readonly Bound[] {
  const { height } = slotOf(statement);
  switch (statement.kind) {
    case "proposal":
      return [[proposalSlot(statement.proposal.header, height), statement.proposal.digest]];
    case "ack":
      return [[ackSlot(statement.slot, height, statement.proposer), statement.digest]];
    case "vote":
      return statement.records.flatMap((record) => votesBound(statement.slot, record));
    case "coin":
      return [];
    case "decide":
      return [[orderSlot(statement.slot, height), statement.order.digest]];
    case "final":
      return [[finalSlot(statement.slot, height), statement.hash]];
  }
}

function votesBound(slot: SlotName, record: VoteRecord): readonly Bound[] {
  if (record.kind === "est") return [];
  const bound: Bound[] = [];
  forEachSeat(record.zeros | record.ones, (seat) => {
    bound.push([voteSlot(slot, slot.height, record.kind, record.round, seat), voteChoice(record, seat)]);
  });
  return bound;
}
