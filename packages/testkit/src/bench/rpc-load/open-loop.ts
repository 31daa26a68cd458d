import { sleep } from "../../devnet/processes.ts";
import type { RpcPoster } from "../rpc/client.ts";

/** One body to post, and how many requests are in it. */
export type Offer = { readonly url: string; readonly body: string; readonly count: number };

export type OpenLoopOptions = {
  /** Bodies a second, whatever is answered. */
  readonly perSecond: number;
  readonly seconds: number;
  /** The next one; undefined when there are no more. */
  readonly next: () => Offer | undefined;
};

export type Outcome = {
  /** Requests: offered in time, and what became of them. */
  readonly offered: number;
  readonly accepted: number;
  /** Answered with 429, or with -32005 in a batch. */
  readonly refused: number;
  /** Other errors, and bodies without an answer, by what was said. */
  readonly failed: Readonly<Record<string, number>>;
  /** Requests that this side had no room to send: its bound of bodies on their way was reached. */
  readonly unsent: number;
  /** Of a body, from when it was due to its answer, in milliseconds. */
  readonly latency: { readonly p50: number; readonly p95: number; readonly most: number };
};

const MOST_ON_THEIR_WAY = 1_000;
const TICK_MS = 5;
export const LIMIT_EXCEEDED = -32_005;

type Answer = { readonly error?: { readonly code: number; readonly message: string } };

/** Offers bodies at a steady rate and does not wait for answers, as many clients together do. */
export class OpenLoop {
  readonly #poster: RpcPoster;
  readonly #failed = new Map<string, number>();
  readonly #latencies: number[] = [];
  #onTheirWay = 0;
  #offered = 0;
  #accepted = 0;
  #refused = 0;
  #unsent = 0;

  constructor(poster: RpcPoster) {
    this.#poster = poster;
  }

  /** Resolves when all that was sent is answered. */
  async run({ perSecond, seconds, next }: OpenLoopOptions): Promise<Outcome> {
    const start = performance.now();
    const total = Math.round(perSecond * seconds);
    const sent: Promise<void>[] = [];
    for (let place = 0; place < total; ) {
      const due = Math.min(total, Math.floor(((performance.now() - start) / 1_000) * perSecond));
      for (; place < due; place++) {
        const offer = next();
        if (offer === undefined) place = total;
        else sent.push(this.#offer(offer, start + (1_000 * place) / perSecond));
      }
      await sleep(TICK_MS);
    }
    await Promise.all(sent);
    return this.#outcome();
  }

  async #offer({ url, body, count }: Offer, due: number): Promise<void> {
    this.#offered += count;
    if (this.#onTheirWay >= MOST_ON_THEIR_WAY) {
      this.#unsent += count;
      return;
    }
    this.#onTheirWay++;
    try {
      const { status, text } = await this.#poster.post(url, body);
      this.#hear(status, JSON.parse(text) as Answer | readonly Answer[], count);
    } catch (error) {
      this.#fail(error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : "error", count);
    } finally {
      this.#onTheirWay--;
      this.#latencies.push(performance.now() - due);
    }
  }

  #hear(status: number, answer: Answer | readonly Answer[], count: number): void {
    // One answer to a batch: all of it was refused.
    const answers = Array.isArray(answer)
      ? (answer as readonly Answer[])
      : new Array<Answer>(count).fill(answer as Answer);
    const allowed = status === 200 || (status === 429 && answers.every(({ error }) => error?.code === LIMIT_EXCEEDED));
    const wrong = allowed ? "answers are missing" : `HTTP ${status}`;
    if (!allowed || answers.length !== count) this.#fail(wrong, count);
    else
      for (const { error } of answers) {
        if (error === undefined) this.#accepted++;
        else if (error.code === LIMIT_EXCEEDED) this.#refused++;
        else this.#fail(`${error.code}: ${error.message}`, 1);
      }
  }

  #fail(reason: string, count: number): void {
    this.#failed.set(reason, (this.#failed.get(reason) ?? 0) + count);
  }

  #outcome(): Outcome {
    const sorted = this.#latencies.toSorted((left, right) => left - right);
    const at = (part: number): number => Math.round(sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN);
    return {
      ...{ offered: this.#offered, accepted: this.#accepted, refused: this.#refused, unsent: this.#unsent },
      failed: Object.fromEntries(this.#failed),
      latency: { p50: at(0.5), p95: at(0.95), most: at(1) },
    };
  }
}
