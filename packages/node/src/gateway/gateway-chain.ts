import type { ChainEndpoint, HttpAnswer } from "../rpc/chain-door.ts";
import type { ClientSocket } from "../rpc/client-socket.ts";
import type { Forwarder } from "./forwarder.ts";
import { MemberSet } from "./member-set.ts";
import { SocketBridge } from "./socket-bridge.ts";

/** One chain behind the gateway. */
export class GatewayChain implements ChainEndpoint {
  readonly members: MemberSet;
  readonly #forwarder: Forwarder;
  #checking = false;

  constructor(chainId: bigint, forwarder: Forwarder) {
    this.members = new MemberSet(chainId);
    this.#forwarder = forwarder;
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
    const forwarded = await this.#forwarder.forward(body, this.members.order(address));
    if (gone.aborted) this.#forwarder.release(forwarded);
    else gone.addEventListener("abort", () => this.#forwarder.release(forwarded), { once: true });
    return forwarded;
  }

  connect(socket: ClientSocket): void {
    new SocketBridge(socket, this.members, this.#forwarder);
  }
}
