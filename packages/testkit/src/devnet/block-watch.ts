import { sleep } from "./processes.ts";
import { call } from "./rpc.ts";

/** Milliseconds between two looks, for each member that is asked: looking at sixteen must not slow them down. */
const LOOK_MS = 10;

/** Times between blocks, as whoever asks all members sees them. */
export class BlockWatch {
  #gaps: number[] = [];
  #longest = { gap: 0, height: 0 };
  #running = true;
  readonly #done: Promise<void>;

  /** Members are asked from now on. */
  constructor(urls: () => readonly string[]) {
    this.#done = this.#run(urls);
  }

  /** The gaps since the last call, milliseconds, ascending. */
  take(): number[] {
    const gaps = this.#gaps;
    this.#gaps = [];
    return gaps.sort((a, b) => a - b);
  }

  /** The longest time without a new block so far, whole milliseconds, and the height after it. */
  get longest(): { readonly gap: number; readonly height: number } {
    return this.#longest;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(urls: () => readonly string[]): Promise<void> {
    let height = 0;
    let since = performance.now();
    while (this.#running) {
      const members = urls();
      const heads = await Promise.all(members.map((url) => call<string>(url, "eth_blockNumber").then(Number, () => 0)));
      const head = Math.max(...heads);
      if (head > height) {
        const now = performance.now();
        if (height > 0) this.#note(now - since, head);
        height = head;
        since = now;
      }
      await sleep(LOOK_MS * members.length);
    }
  }

  #note(gap: number, height: number): void {
    this.#gaps.push(gap);
    if (gap > this.#longest.gap) this.#longest = { gap: Math.round(gap), height };
  }
}
