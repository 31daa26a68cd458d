import type { Random } from "../agreement/random.ts";

export type WideArea = {
  /** Milliseconds one way. */
  readonly delay: number;
  /** Part of the messages whose first copy is lost. */
  readonly loss: number;
};

/** Part of the delay by which it varies, either way. */
const JITTER = 0.1;
/** Linux repeats a lost segment that nothing follows after the round trip and this, and after twice that the next time. */
const LEAST_TIMEOUT_MS = 200;

/** Delays of connections that keep their order, as TCP does: whatever is behind a lost message waits for it. */
export class WideLinks {
  readonly #area: WideArea;
  readonly #random: Random;
  readonly #now: () => number;
  readonly #lastDue = new Map<string, number>();

  constructor(area: WideArea, random: Random, now: () => number) {
    this.#area = area;
    this.#random = random;
    this.#now = now;
  }

  get least(): number {
    return this.#area.delay * (1 - JITTER);
  }

  /** Milliseconds until a message that is sent now arrives. */
  delay(from: number, to: number): number {
    const { delay, loss } = this.#area;
    let late = delay * (1 + JITTER * (2 * this.#random.fraction() - 1));
    for (let wait = 2 * delay + LEAST_TIMEOUT_MS; this.#random.chance(loss); wait *= 2) late += wait;
    const link = `${from} ${to}`;
    const due = Math.max(this.#lastDue.get(link) ?? 0, this.#now() + late);
    this.#lastDue.set(link, due);
    return due - this.#now();
  }
}
