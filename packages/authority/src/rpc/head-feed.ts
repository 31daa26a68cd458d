import { WebSocket } from "ws";
import { fieldsOf, headerOf } from "./decode.ts";

export type HeadFeedOptions = {
  /** ws:// or wss://, of the same chain as the other endpoints; used in turn. */
  readonly urls: readonly string[];
  readonly onHead: () => void;
};

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** Silence after which the connection is asked whether it lives, and after which it does not. */
const PING_MS = 15_000;
const MAX_MESSAGE_BYTES = 1024 * 1024;

/**
 * Tells as soon as there is a new block. It says no more than "look now": what a block holds is asked over HTTP, and
 * polling goes on slowly, so that a feed that is silent or lies delays things and breaks nothing.
 */
export class HeadFeed {
  readonly #options: HeadFeedOptions;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #subscription: unknown;
  #closed = false;

  constructor(options: HeadFeedOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Whether a subscription stands. */
  get isLive(): boolean {
    return this.#subscription !== undefined;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.terminate();
  }

  #connect(): void {
    const { urls } = this.#options;
    const url = urls[this.#failures % urls.length] ?? "";
    const options = { maxPayload: MAX_MESSAGE_BYTES, handshakeTimeout: PING_MS, perMessageDeflate: false };
    const socket = new WebSocket(url, options);
    this.#socket = socket;
    socket.on("open", () => {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_subscribe", params: ["newHeads"] }));
      this.#watch(socket);
    });
    socket.on("message", (data) => this.#hear(socket, String(data)));
    socket.on("pong", () => this.#watch(socket));
    // What failed is told by the close that follows.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#again());
  }

  #hear(socket: WebSocket, text: string): void {
    const message = fieldsOf(parsed(text));
    const params = fieldsOf(message?.["params"]);
    if (message?.["id"] === 1) {
      if (typeof message["result"] !== "string") socket.terminate();
      else this.#subscription = message["result"];
    } else if (params !== undefined && params["subscription"] === this.#subscription && headerOf(params["result"])) {
      this.#failures = 0;
      this.#options.onHead();
    }
    this.#watch(socket);
  }

  #watch(socket: WebSocket): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
      this.#timer = setTimeout(() => socket.terminate(), PING_MS);
    }, PING_MS);
  }

  #again(): void {
    clearTimeout(this.#timer);
    this.#subscription = undefined;
    if (this.#closed) return;
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 10));
    this.#timer = setTimeout(() => this.#connect(), wait);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
