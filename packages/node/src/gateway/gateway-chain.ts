import type { ChainEndpoint, HttpAnswer } from "../rpc/chain-door.ts";
import type { ClientSocket } from "../rpc/client-socket.ts";
import type { Forwarder } from "./forwarder.ts";
import { MemberSet } from "./member-set.ts";
import { NonceMemory } from "./nonce-memory.ts";
import { SocketBridge } from "./socket-bridge.ts";

/** One chain behind the gateway. */
export class GatewayChain implements ChainEndpoint {
  readonly members: MemberSet;
  readonly #forwarder: Forwarder;
  readonly #nonces: NonceMemory;
  #checking = false;

  constructor(chainId: bigint, forwarder: Forwarder) {
    this.members = new MemberSet(chainId);
    this.#forwarder = forwarder;
    this.#nonces = new NonceMemory(chainId, () => performance.now());
  }

  /** Asks the members how they are, unless the last round is still under way. */
  check(): void {
    if (this.#checking) return;
    this.#checking = true;
    const done = (): void => {
      this.#checking = false;
    };
    this.#forwarder.check(this.members).then(done, done);
  }

  async post(body: Uint8Array, address: string, gone: AbortSignal): Promise<HttpAnswer> {
    const forwarded = await this.#forwarder.forward(body, this.members.order(address), this.#nonces, address);
    if (gone.aborted) this.#forwarder.release(forwarded);
    else gone.addEventListener("abort", () => this.#forwarder.release(forwarded), { once: true });
    return forwarded;
  }

  connect(socket: ClientSocket): void {
    new SocketBridge(socket, this.members, this.#forwarder, this.#nonces);
  }
}
