import { setTimeout as sleep } from "node:timers/promises";
import type { Caller } from "./caller.ts";

type Block = {
  readonly number: string;
  readonly gasLimit: string;
  readonly transactions: readonly { readonly hash: string; readonly gas: string }[];
};

/** A block as it was seen to be mined. */
export type Seen = {
  readonly at: number;
  readonly gasLimit: number;
  readonly transactions: readonly { readonly hash: string; readonly gas: number }[];
};

/** Follows a chain from now on, and notes when each transaction was seen to be mined. */
export class Mined {
  readonly blocks: Seen[] = [];
  readonly at: Map<string, number> = new Map();
  /** Places in `blocks`. */
  readonly height: Map<string, number> = new Map();
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  async start(caller: Caller, url: string): Promise<void> {
    const first = Number(await caller.call(url, "eth_blockNumber")) + 1;
    this.#done = this.#follow(caller, url, first);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #follow(caller: Caller, url: string, first: number): Promise<void> {
    for (let next = first; !this.#stopped; ) {
      const block = await this.#block(caller, url, next).catch(() => null);
      if (block === null) {
        await sleep(100);
        continue;
      }
      next++;
      const now = Date.now();
      const transactions = block.transactions.map(({ hash, gas }) => ({ hash, gas: Number(gas) }));
      this.blocks.push({ at: now, gasLimit: Number(block.gasLimit), transactions });
      for (const { hash } of transactions) {
        this.at.set(hash, now);
        this.height.set(hash, this.blocks.length - 1);
      }
    }
  }

  async #block(caller: Caller, url: string, number: number): Promise<Block | null> {
    return (await caller.call(url, "eth_getBlockByNumber", `0x${number.toString(16)}`, true)) as Block | null;
  }
}
