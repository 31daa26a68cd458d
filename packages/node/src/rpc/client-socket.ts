import { setTimeout as delay } from "node:timers/promises";
import type { RawData, WebSocket } from "ws";
import type { ServerLimits } from "./limits.ts";

/** Bytes queued to a client up to which more is sent, and milliseconds between two looks: ws tells nobody. */
const WRITABLE_BYTES = 1024 * 1024;
const WRITABLE_POLL_MS = 20;

/** One client's WebSocket: bounds what it may have in flight and what may queue up towards it. */
export class ClientSocket {
  /** Remote address. */
  readonly address: string;
  readonly #socket: WebSocket;
  readonly #limits: ServerLimits;
  /** Messages that were read before the socket could be paused. */
  readonly #waiting: Buffer[] = [];
  readonly #gone = new AbortController();
  #handle: (message: Buffer) => Promise<void> = async () => undefined;
  #inFlight = 0;
  #alive = true;

  constructor(socket: WebSocket, address: string, limits: ServerLimits) {
    this.#socket = socket;
    this.address = address;
    this.#limits = limits;
    socket.on("message", (message) => this.#take(bytesOf(message)));
    socket.on("pong", () => {
      this.#alive = true;
    });
    // ws closes the socket itself after an error (oversized or malformed frame), with the fitting code.
    socket.on("error", () => undefined);
    socket.once("close", () => {
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
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#limits.socketBacklog) {
      // It does not read: a close frame would wait behind the backlog.
      this.#socket.terminate();
      return;
    }
    this.#socket.send(message, { binary: false });
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

  #take(message: Buffer): void {
    if (this.#inFlight >= this.#limits.inFlightPerSocket) {
      this.#waiting.push(message);
      this.#socket.pause();
      return;
    }
    this.#inFlight++;
    this.#handle(message).then(
      () => this.#settled(),
      () => this.#socket.terminate(),
    );
  }

  #settled(): void {
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
