import { WebSocket } from "ws";
import { bytesOf, type ClientSocket } from "../rpc/client-socket.ts";
import type { Forwarder } from "./forwarder.ts";
import { MAX_ANSWER_BYTES, SOCKET_OPEN_MS } from "./limits.ts";
import { forwardedFor } from "./member-call.ts";
import type { GatewayMember, MemberSet } from "./member-set.ts";
import type { NonceMemory } from "./nonce-memory.ts";

/** "Service restart": subscriptions ended with their member; a client that connects again gets another one. */
const SERVICE_RESTART = 1012;

/**
 * One client's WebSocket. Requests go the way of HTTP requests, with its fail-over; what concerns subscriptions goes
 * over a WebSocket to one member. When that member goes, the client's socket is closed: to subscribe again in silence
 * would lose the events in between without a word.
 */
export class SocketBridge {
  readonly #client: ClientSocket;
  readonly #members: MemberSet;
  readonly #forwarder: Forwarder;
  readonly #nonces: NonceMemory;
  #upstream: Promise<WebSocket | undefined> | undefined;
  /** Who serves the subscriptions: requests go there too, so that a client sees one view of the chain. */
  #member: GatewayMember | undefined;

  constructor(client: ClientSocket, members: MemberSet, forwarder: Forwarder, nonces: NonceMemory) {
    this.#client = client;
    this.#members = members;
    this.#forwarder = forwarder;
    this.#nonces = nonces;
    client.serve((message) => this.#pass(message));
    client.gone.addEventListener("abort", () => this.#end(), { once: true });
  }

  async #pass(message: Buffer): Promise<void> {
    if (message.includes("eth_subscribe") || message.includes("eth_unsubscribe")) {
      this.#upstream ??= this.#connect();
      const upstream = await this.#upstream;
      if (upstream === undefined) this.#client.close(SERVICE_RESTART, "no member takes subscriptions now");
      else upstream.send(message, { binary: false });
      return;
    }
    const members = this.#members.order(this.#client.address, this.#member);
    const forwarded = await this.#forwarder.forward(message, members, this.#nonces, this.#client.address);
    if (forwarded.body.length > 0) this.#client.send(forwarded.body);
    this.#forwarder.release(forwarded);
  }

  async #connect(): Promise<WebSocket | undefined> {
    for (const member of this.#members.order(this.#client.address)) {
      const upstream = await openSocket(member.url.replace(/^http/, "ws"), this.#client.address);
      if (upstream === undefined) continue;
      if (this.#client.gone.aborted) {
        upstream.terminate();
        return undefined;
      }
      this.#member = member;
      upstream.on("message", (message) => this.#client.send(bytesOf(message)));
      upstream.once("close", () =>
        this.#client.close(SERVICE_RESTART, "the member that served the subscriptions went away"),
      );
      return upstream;
    }
    return undefined;
  }

  #end(): void {
    this.#upstream?.then(
      (upstream) => upstream?.terminate(),
      () => undefined,
    );
  }
}

/** undefined where the member does not take it up. */
function openSocket(url: string, client: string): Promise<WebSocket | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, {
      headers: forwardedFor(client),
      handshakeTimeout: SOCKET_OPEN_MS,
      maxPayload: MAX_ANSWER_BYTES,
      perMessageDeflate: false,
    });
    // An error is followed by close.
    socket.on("error", () => undefined);
    socket.once("open", () => resolve(socket));
    socket.once("close", () => resolve(undefined));
  });
}
