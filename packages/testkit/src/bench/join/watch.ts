import type { JoinNetwork } from "./join-network.ts";

const LOOK_MS = 50;

/** Seconds on the clock and on processors, of all threads of a node together. */
export type Spent = { readonly seconds: number; readonly processorSeconds: number };

/** What a run of the join looked like from outside: processor time of the joining node, and how long members made no block. */
export class Watch {
  readonly #network: JoinNetwork;
  readonly #joiner: number;
  readonly #members: readonly number[];
  /** Microseconds of the joining node's process so far, ascending by time. */
  readonly #samples: { readonly at: number; readonly used: number }[] = [];
  readonly #membersBefore: number;
  #used = 0;
  #head = 0;
  #grewAt = 0;
  #longest = 0;
  #running = true;
  readonly #done: Promise<void>;

  constructor(network: JoinNetwork, joiner: number, members: readonly number[]) {
    this.#network = network;
    this.#joiner = joiner;
    this.#members = members;
    this.#membersBefore = this.#membersNow();
    this.#done = this.#run();
  }

  /** Milliseconds in which the highest block of any member was the same. */
  get longestGap(): number {
    return Math.round(this.#longest);
  }

  /** Of the members since the watch began. */
  get membersSeconds(): number {
    return toSeconds((this.#membersNow() - this.#membersBefore) / 1_000);
  }

  /** Of the joining node between two times, in milliseconds of the epoch. */
  spent(from: number, to: number): Spent {
    const used = (at: number): number => this.#samples.findLast((sample) => sample.at <= at)?.used ?? 0;
    return { seconds: toSeconds(to - from), processorSeconds: toSeconds((used(to) - used(from)) / 1_000) };
  }

  /** The joining node's process was replaced by another one. */
  replaced(): void {
    this.#used = this.#samples.at(-1)?.used ?? 0;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  #membersNow(): number {
    return this.#members.reduce((sum, id) => sum + this.#network.processorTime(id), 0);
  }

  async #run(): Promise<void> {
    while (this.#running) {
      const used = this.#used + this.#network.processorTime(this.#joiner);
      this.#samples.push({ at: Date.now(), used: Math.max(used, this.#samples.at(-1)?.used ?? 0) });
      const heights = await Promise.all(this.#members.map((id) => this.#network.height(id).catch(() => 0)));
      const now = performance.now();
      const head = Math.max(...heights);
      if (this.#grewAt > 0) this.#longest = Math.max(this.#longest, now - this.#grewAt);
      if (head > this.#head) {
        this.#head = head;
        this.#grewAt = now;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

export function toSeconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
