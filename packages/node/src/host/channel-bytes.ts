import { type Limits, MESSAGE_KINDS, type MessageKind, maxMessageBytes } from "@tributary/protocol/wire/index";
import type { ChannelBytes } from "../mesh/send-queue.ts";
import { MAX_SNAPSHOT_MESSAGE_BYTES } from "../snapshot/codec.ts";

/** Kinds that carry transactions, and evidence: the only ones that are large. All of them go with the bodies. */
const large: ReadonlySet<MessageKind> = new Set<MessageKind>(["proposal", "body", "container", "forward", "evidence"]);
const MIB: number = 1024 * 1024;
/** What the driver answers one request for containers with, at most. */
const ANSWER_BYTES: number = 16 * MIB;

/** Largest message that a channel of a chain carries. */
export function channelLimits(limits: Limits): ChannelBytes {
  const small = Math.max(
    ...MESSAGE_KINDS.filter((kind) => !large.has(kind)).map((kind) => maxMessageBytes(kind, limits)),
  );
  const all = Math.max(...MESSAGE_KINDS.map((kind) => maxMessageBytes(kind, limits)));
  return { votes: small, shares: small, bodies: all, snapshots: MAX_SNAPSHOT_MESSAGE_BYTES };
}

/** Bytes that wait for one peer at most. What does not fit comes back by REPEAT. */
export function channelCapacity(limits: Limits): ChannelBytes {
  const { votes, shares, bodies } = channelLimits(limits);
  return {
    votes: Math.max(MIB, 16 * votes),
    shares: Math.max(2 * MIB, 32 * shares),
    bodies: ANSWER_BYTES + 2 * bodies,
    snapshots: 2 * MAX_SNAPSHOT_MESSAGE_BYTES,
  };
}
