import type { Channel } from "../consensus/ports.ts";
import { CHANNELS, CHUNK_BYTES, dataHeader } from "./frame-codec.ts";

/** Bytes per channel, of one message or of a queue. */
export type ChannelBytes = Readonly<Record<Channel, number>>;

/** Bytes that a group sends before the next group's turn. */
const QUANTUM_BYTES: number = 2 * CHUNK_BYTES;

type Lane = {
  readonly capacity: number;
  messages: Uint8Array[];
  /** Index of the message that is being sent, and how much of it is. */
  head: number;
  sent: number;
  bytes: number;
};

type GroupQueue = { readonly index: number; readonly lanes: readonly Lane[]; credit: number };

/**
 * What waits to go out on one link. Groups take turns by bytes sent, so that a flooded one does not starve its
 * neighbour; inside a group votes go before shares, shares before bodies and bodies before snapshots, chunk by chunk.
 */
export class SendQueue {
  readonly #groups = new Map<number, GroupQueue>();
  /** Groups with something to send, next one first. */
  #turns: GroupQueue[] = [];

  get empty(): boolean {
    return this.#turns.length === 0;
  }

  open(index: number, capacity: ChannelBytes): void {
    const lanes = CHANNELS.map((channel) => ({
      capacity: capacity[channel],
      messages: [],
      head: 0,
      sent: 0,
      bytes: 0,
    }));
    this.#groups.set(index, { index, lanes, credit: 0 });
  }

  close(index: number): void {
    this.#groups.delete(index);
    this.#turns = this.#turns.filter((group) => group.index !== index);
  }

  /** False where the message finds no room. */
  push(index: number, channel: Channel, message: Uint8Array): boolean {
    const group = this.#groups.get(index);
    const lane = group?.lanes[CHANNELS.indexOf(channel)];
    if (group === undefined || lane === undefined || lane.bytes + message.length > lane.capacity) return false;
    if (isEmpty(group)) {
      group.credit = QUANTUM_BYTES;
      this.#turns.push(group);
    }
    lane.messages.push(message);
    lane.bytes += message.length;
    return true;
  }

  /** Frames of about `budget` bytes, at most a chunk more; empty where nothing waits. */
  take(budget: number): Buffer {
    const parts: Uint8Array[] = [];
    for (let size = 0; size < budget; ) {
      const group = this.#turns[0];
      if (group === undefined) break;
      const bytes = takeChunk(group, parts);
      size += bytes;
      group.credit -= bytes;
      if (isEmpty(group)) this.#turns.shift();
      else if (group.credit <= 0) {
        group.credit += QUANTUM_BYTES;
        this.#turns.push(...this.#turns.splice(0, 1));
      }
    }
    return Buffer.concat(parts);
  }
}

function isEmpty(group: GroupQueue): boolean {
  return group.lanes.every((lane) => lane.messages.length === 0);
}

/** Adds the frame with the group's most urgent chunk to `parts`; bytes of it. */
function takeChunk(group: GroupQueue, parts: Uint8Array[]): number {
  const channel = group.lanes.findIndex((lane) => lane.messages.length > 0);
  const lane = group.lanes[channel];
  const message = lane?.messages[lane.head];
  if (lane === undefined || message === undefined) return 0;
  const end = Math.min(lane.sent + CHUNK_BYTES, message.length);
  const more = end < message.length;
  const chunk = message.subarray(lane.sent, end);
  const header = dataHeader(group.index, channel, more, chunk.length);
  parts.push(header, chunk);
  if (more) lane.sent = end;
  else finish(lane, message);
  return header.length + chunk.length;
}

function finish(lane: Lane, message: Uint8Array): void {
  lane.bytes -= message.length;
  lane.sent = 0;
  lane.head++;
  if (lane.head === lane.messages.length) {
    lane.messages = [];
    lane.head = 0;
  } else if (lane.head >= 64 && lane.head * 2 >= lane.messages.length) {
    lane.messages.splice(0, lane.head);
    lane.head = 0;
  }
}
