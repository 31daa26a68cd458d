import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { RawData, WebSocket } from "ws";
import { SMALL_BODY_BYTES } from "./body-reader.ts";
import type { HeldBytes, Holding } from "./held-bytes.ts";
import type { ServerLimits } from "./limits.ts";

/** Bytes queued to a client up to which more is sent, and milliseconds between two looks: ws tells nobody. */
const WRITABLE_BYTES = 1024 * 1024;
const WRITABLE_POLL_MS = 20;

/** Bytes of a client's control frame around its data. */
const FRAME_BYTES = 6;

export type ClientSocketParts = {
  /** Remote address. */
  readonly address: string;
  readonly limits: ServerLimits;
  readonly held: HeldBytes;
};

/** One client's WebSocket: bounds what it may have in flight and what may queue up towards it. */
export class ClientSocket {
  /** Remote address. */
  readonly address: string;
  readonly #socket: WebSocket;
  readonly #limits: ServerLimits;
  readonly #held: HeldBytes;
  /** What has arrived of a message that is not whole. */
  readonly #partial: Holding;
  /** What waits to be read by the client. */
  readonly #backlog: Holding;
  /** Messages that were read before the socket could be paused. */
  readonly #waiting: Buffer[] = [];
  readonly #gone = new AbortController();
  #handle: (message: Buffer) => Promise<void> = async () => undefined;
  #inFlight = 0;
  #alive = true;

  /** `connection`: what the WebSocket runs on. */
  constructor(socket: WebSocket, connection: Duplex, { address, limits, held }: ClientSocketParts) {
    this.#socket = socket;
    this.address = address;
    this.#limits = limits;
    this.#held = held;
    this.#partial = held.open(address);
    this.#backlog = held.open(address);
    // Before ws sees it: a message that ends with it counts no longer.
    connection.prependListener("data", (part: Buffer) => this.#arrive(part.length));
    for (const control of ["ping", "pong"] as const) {
      socket.on(control, (data: Buffer) =>
        this.#partial.set(Math.max(0, this.#partial.bytes - FRAME_BYTES - data.length)),
      );
    }
    socket.on("message", (message) => {
      this.#partial.set(0);
      this.#take(bytesOf(message));
    });
    socket.on("pong", () => {
      this.#alive = true;
    });
    // ws closes the socket itself after an error (oversized or malformed frame), with the fitting code.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.#partial.set(0);
      this.#backlog.set(0);
      this.#waiting.length = 0;
      this.#gone.abort();
    });
  }

  /** Aborted once the socket is closed. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Who handles messages. Several run at once, up to the limit; further ones wait in the kernel. */
  serve(handle: (message: Buffer) => Promise<void>): void {
    this.#handle = handle;
  }

  send(message: string | Buffer): void {
    if (!this.#isOpen) return;
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount > this.#limits.socketBacklog || (bufferedAmount > SMALL_BODY_BYTES && this.#backlog.isFull)) {
      // It does not read: a close frame would wait behind the backlog.
      this.#socket.terminate();
      return;
    }
    this.#socket.send(message, { binary: false }, () =>
      this.#backlog.set(this.#isOpen ? this.#socket.bufferedAmount : 0),
    );
    this.#backlog.set(this.#socket.bufferedAmount);
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Resolves once little waits to be sent, or the socket is closed: whoever has much to send asks before each part. */
  async writable(): Promise<void> {
    while (this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount > WRITABLE_BYTES) {
      await delay(WRITABLE_POLL_MS);
    }
  }

  /** Sends a ping; ends the connection when the last one was not answered. */
  ping(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }

  /** Says goodbye; ws ends the connection after 30 s if the client does not. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** A large message comes in parts that ws keeps: their sum over all sockets has a bound. */
  #arrive(bytes: number): void {
    this.#partial.set(this.#partial.bytes + bytes);
    if (this.#partial.bytes > SMALL_BODY_BYTES && this.#partial.isFull) this.#socket.terminate();
  }

  #take(message: Buffer): void {
    if (this.#inFlight >= this.#limits.inFlightPerSocket) {
      this.#waiting.push(message);
      this.#socket.pause();
      return;
    }
    this.#inFlight++;
    const own = this.#held.open(this.address);
    own.set(message.length);
    this.#handle(message).then(
      () => this.#settled(own),
      () => this.#socket.terminate(),
    );
  }

  #settled(own: Holding): void {
    own.set(0);
    this.#inFlight--;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#take(next);
    else if (this.#socket.isPaused) this.#socket.resume();
  }
}

/** A message as bytes, whatever form ws chose. */
export function bytesOf(message: RawData): Buffer {
  if (Buffer.isBuffer(message)) return message;
  return Array.isArray(message) ? Buffer.concat(message) : Buffer.from(message);
}
