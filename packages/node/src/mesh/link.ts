import type { TLSSocket } from "node:tls";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { Channel } from "../consensus/ports.ts";
import { CHANNELS, type Frame, FrameReader, joinFrame, leaveFrame, PING_FRAME, PONG_FRAME } from "./frame-codec.ts";
import type { MeshStats } from "./mesh-stats.ts";
import { type ChannelBytes, SendQueue } from "./send-queue.ts";

/** Groups that one peer may have joined at a time: a node has 128 slots; the rest is room for those that come and go. */
const MAX_GROUPS = 512;
/** Bytes handed to the socket at once. */
const BATCH_BYTES: number = 64 * 1024;
/** Bytes in the socket's own buffer above which we wait, so that a vote never queues behind much. */
const SOCKET_BYTES: number = 256 * 1024;
/** Milliseconds of silence after which the peer is asked for a sign of life, and after which it is taken for dead. */
const PING_AFTER_MS = 5_000;
const DEAD_AFTER_MS = 15_000;
/** Milliseconds between two measurements of the way there and back, and how many count: the least is the wire's own. */
const MEASURE_MS = 5_000;
const MEASURED = 8;
/** What one peer may make this process read: bytes in a window of milliseconds. */
const WINDOW_MS = 100;
const WINDOW_BYTES: number = 6 * 1024 * 1024;

export type LinkEvents = {
  /** Largest message per channel that the group takes from this peer; undefined: not a group of ours and the peer. */
  limits(group: HexHash): ChannelBytes | undefined;
  joined(group: HexHash): void;
  left(group: HexHash): void;
  /** A whole message; the bytes are the receiver's. */
  message(group: HexHash, channel: Channel, bytes: Uint8Array): void;
  /** Once. `violation`: what the peer did against the protocol, if that is why. */
  closed(violation: string | undefined): void;
};

type Assembly = { chunks: Uint8Array[]; bytes: number; skipping: boolean };
type RemoteGroup = { readonly group: HexHash; readonly channels: readonly Assembly[] };

/** One authenticated connection to a peer node, shared by all chains that the two have in common. */
export class Link {
  readonly #socket: TLSSocket;
  readonly #events: LinkEvents;
  readonly #stats: MeshStats;
  readonly #reader = new FrameReader();
  readonly #queue = new SendQueue();
  readonly #own = new Map<HexHash, number>();
  readonly #remote = new Map<number, RemoteGroup>();
  #control: Uint8Array[] = [];
  #pongDue = false;
  /** When the PING that is out left. */
  #asked: number | undefined;
  #lastAsked = Number.NEGATIVE_INFINITY;
  readonly #roundTrips: number[] = [];
  #nextIndex = 0;
  #heard: number = performance.now();
  #window = { from: 0, bytes: 0 };
  #flushing = false;
  #closed = false;

  constructor(socket: TLSSocket, events: LinkEvents, stats: MeshStats) {
    this.#socket = socket;
    this.#events = events;
    this.#stats = stats;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("drain", () => this.#flush());
    socket.on("error", () => this.close());
    socket.on("end", () => this.close());
    socket.on("close", () => this.close());
  }

  /** Tells the peer that this node serves the group. */
  join(group: HexHash, capacity: ChannelBytes): void {
    if (this.#own.has(group) || this.#closed) return;
    // Index 0xffff wraps onto indices that were left long ago.
    while ([...this.#own.values()].includes(this.#nextIndex)) this.#nextIndex = (this.#nextIndex + 1) & 0xffff;
    const index = this.#nextIndex;
    this.#nextIndex = (index + 1) & 0xffff;
    this.#own.set(group, index);
    this.#queue.open(index, capacity);
    this.#control.push(joinFrame(index, group));
    this.#schedule();
  }

  leave(group: HexHash): void {
    const index = this.#own.get(group);
    if (index === undefined) return;
    this.#own.delete(group);
    this.#queue.close(index);
    this.#control.push(leaveFrame(index));
    this.#schedule();
  }

  /** Whether the peer serves the group. */
  serves(group: HexHash): boolean {
    for (const remote of this.#remote.values()) if (remote.group === group) return true;
    return false;
  }

  send(group: HexHash, channel: Channel, message: Uint8Array): void {
    const index = this.#own.get(group);
    if (index === undefined || this.#closed) return;
    if (!this.#queue.push(index, channel, message)) {
      this.#stats.dropped++;
      return;
    }
    this.#stats.messagesOut++;
    this.#schedule();
  }

  /**
   * Milliseconds one way: half of the least of the last round trips; 0 before the first. A peer may pretend to be farther
   * away or nearer than it is, at will.
   */
  get distance(): number {
    return this.#roundTrips.length === 0 ? 0 : Math.min(...this.#roundTrips) / 2;
  }

  /** To be called every second or so: keeps the link alive, notices a dead peer, and measures how far away a live one is. */
  tick(): void {
    const now = performance.now();
    const silent = now - this.#heard;
    if (silent > DEAD_AFTER_MS) this.close();
    else if (silent > PING_AFTER_MS || (this.#asked === undefined && now - this.#lastAsked >= MEASURE_MS)) {
      this.#asked ??= now;
      this.#lastAsked = now;
      this.#control.push(PING_FRAME);
      this.#schedule();
    }
  }

  close(violation?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#events.closed(violation);
  }

  /** Everything sent in this turn of the event loop goes out in one write. */
  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (!this.#closed && this.#socket.writableLength < SOCKET_BYTES) {
      if (this.#pongDue) this.#control.push(PONG_FRAME);
      this.#pongDue = false;
      const batch = this.#control.length > 0 ? Buffer.concat(this.#control.splice(0)) : this.#queue.take(BATCH_BYTES);
      if (batch.length === 0) return;
      this.#stats.bytesOut += batch.length;
      this.#socket.write(batch);
    }
  }

  #receive(bytes: Buffer): void {
    const now = performance.now();
    this.#heard = now;
    this.#stats.bytesIn += bytes.length;
    this.#pace(now, bytes.length);
    const fine = this.#reader.push(bytes, (frame) => !this.#closed && this.#handle(frame));
    if (!fine) this.close("malformed, oversized or misplaced frame");
  }

  #pace(now: number, bytes: number): void {
    if (now - this.#window.from > WINDOW_MS) this.#window = { from: now, bytes: 0 };
    this.#window.bytes += bytes;
    if (this.#window.bytes < WINDOW_BYTES) return;
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), WINDOW_MS - (now - this.#window.from)).unref();
  }

  #handle(frame: Frame): boolean {
    switch (frame.kind) {
      case "join":
        if (this.#remote.has(frame.index) || this.#remote.size >= MAX_GROUPS || this.serves(frame.group)) return false;
        this.#remote.set(frame.index, { group: frame.group, channels: CHANNELS.map(newAssembly) });
        this.#events.joined(frame.group);
        return true;
      case "leave": {
        const remote = this.#remote.get(frame.index);
        if (remote === undefined) return false;
        this.#remote.delete(frame.index);
        this.#events.left(remote.group);
        return true;
      }
      case "data":
        return this.#data(frame);
      case "ping":
        // One answer a write, however many were asked for.
        this.#pongDue = true;
        this.#schedule();
        return true;
      case "pong":
        if (this.#asked === undefined) return true;
        this.#roundTrips.push(performance.now() - this.#asked);
        if (this.#roundTrips.length > MEASURED) this.#roundTrips.shift();
        this.#asked = undefined;
        return true;
    }
  }

  #data(frame: Extract<Frame, { kind: "data" }>): boolean {
    const remote = this.#remote.get(frame.index);
    const assembly = remote?.channels[frame.channel];
    const channel = CHANNELS[frame.channel];
    if (remote === undefined || assembly === undefined || channel === undefined) return false;
    const limits = this.#events.limits(remote.group);
    if (limits === undefined || assembly.skipping) {
      // Not served here (any more, or not yet): the rest of this message is skipped even if that changes meanwhile.
      Object.assign(assembly, newAssembly(), { skipping: frame.more });
      return true;
    }
    assembly.bytes += frame.chunk.length;
    if (assembly.bytes > limits[channel]) return false;
    assembly.chunks.push(new Uint8Array(frame.chunk));
    if (frame.more) return true;
    const bytes = join(assembly);
    Object.assign(assembly, newAssembly());
    this.#stats.messagesIn++;
    this.#events.message(remote.group, channel, bytes);
    return true;
  }
}

function newAssembly(): Assembly {
  return { chunks: [], bytes: 0, skipping: false };
}

function join({ chunks, bytes }: Assembly): Uint8Array {
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
