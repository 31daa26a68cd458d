import { sleep } from "../devnet/processes.ts";
import type { Hash, Observation } from "./history.ts";

const LOOK_MS = 100;
const TIMEOUT_MS = 2_000;

/** Looks at every member's newest block all the time, and keeps what it saw. */
export class Watch {
  readonly observations: Observation[] = [];
  readonly #heads: number[];
  readonly #loops: Promise<void>[];
  readonly #begun: number;
  #running = true;
  #head = 0;

  /** `begun` is the run's beginning by performance.now(). */
  constructor(urls: readonly string[], begun: number) {
    this.#begun = begun;
    this.#heads = urls.map(() => 0);
    this.#loops = urls.map((url, member) => this.#look(url, member));
  }

  /** The highest block that any member showed so far. */
  get head(): number {
    return this.#head;
  }

  /** The newest block that each member showed. */
  get heads(): readonly number[] {
    return this.#heads;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  async #look(url: string, member: number): Promise<void> {
    let last: Hash | undefined;
    while (this.#running) {
      const block = await newest(url);
      if (block !== undefined && block.height > 0 && block.hash !== last) {
        last = block.hash;
        this.#heads[member] = block.height;
        this.#head = Math.max(this.#head, block.height);
        this.observations.push({ at: Math.round(performance.now() - this.#begun), member, ...block });
      }
      await sleep(LOOK_MS);
    }
  }
}

/** A member's newest block; undefined where it does not answer. */
async function newest(url: string): Promise<{ readonly height: number; readonly hash: Hash } | undefined> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_getBlockByNumber", params: ["latest", false] }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.json()) as { readonly result?: { readonly number: string; readonly hash: Hash } };
    return answer.result === undefined ? undefined : { height: Number(answer.result.number), hash: answer.result.hash };
  } catch {
    return undefined;
  }
}
