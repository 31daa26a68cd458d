import type { Gateway } from "@tributary/node/gateway/gateway";
import type { RunningChain } from "./devnet/network-view.ts";

/** Keeps a gateway in step with which chains run, and on which nodes. */
export class GatewayChains {
  readonly #gateway: Pick<Gateway, "setChain" | "removeChain">;
  readonly #served = new Map<bigint, string>();

  constructor(gateway: Pick<Gateway, "setChain" | "removeChain">) {
    this.#gateway = gateway;
  }

  update(chains: readonly Pick<RunningChain, "chainId" | "members">[]): void {
    const present = new Set(chains.map(({ chainId }) => chainId));
    for (const chainId of this.#served.keys()) {
      if (present.has(chainId)) continue;
      this.#gateway.removeChain(chainId);
      this.#served.delete(chainId);
    }
    for (const { chainId, members } of chains) {
      const urls = members.map(({ rpc }) => rpc);
      const known = urls.join(" ");
      if (this.#served.get(chainId) === known) continue;
      this.#gateway.setChain(chainId, urls);
      this.#served.set(chainId, known);
    }
  }
}
