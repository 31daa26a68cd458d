import { signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { accounts as funded } from "@tributary/node/node.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import { sleep } from "../../devnet/processes.ts";
import type { JoinNetwork } from "./join-network.ts";
import { JOIN_CHAIN } from "./join-spec.ts";

const RECIPIENT: Uint8Array = new Uint8Array(20).fill(7);

/** Transfers from a few accounts to some nodes in turn, so many a second at most, until stopped. */
export class Transfers {
  #running = true;
  readonly #done: Promise<void>;

  constructor(network: JoinNetwork, perSecond: number, to: readonly number[]) {
    this.#done = this.#run(network, perSecond, to);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(network: JoinNetwork, perSecond: number, to: readonly number[]): Promise<void> {
    const nonces = new Map<number, bigint>();
    for (let i = 0; this.#running; i++) {
      const from = i % funded.length;
      const key = funded[from] ?? new Uint8Array(32);
      const node = to[i % to.length] ?? 0;
      const begun = performance.now();
      try {
        const nonce = nonces.get(from) ?? (await network.nonce(node, key));
        const draft = { chainId: JOIN_CHAIN, nonce, to: RECIPIENT, value: 1n, gasLimit: 21_000n };
        await network.rpc(node, "eth_sendRawTransaction", toHex(signTransaction(draft, key)));
        nonces.set(from, nonce + 1n);
      } catch {
        // Refused or lost: what the node has is asked for before its next one.
        nonces.delete(from);
      }
      await sleep(Math.max(0, 1_000 / perSecond - (performance.now() - begun)));
    }
  }
}
