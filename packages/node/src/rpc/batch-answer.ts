import { type Answer, retryAfterOf } from "./json-rpc.ts";
import type { RpcError } from "./rpc-error.ts";

/** What became of one request. */
export type Outcome = {
  /** JSON; undefined for a notification. */
  readonly text: string | undefined;
  readonly error: RpcError | undefined;
};

/** Answers of a batch, in the order of its requests. */
export class BatchAnswer {
  /** Characters so far. */
  size = 0;
  readonly #texts: string[] = [];
  #served = false;
  /** Seconds; of those that were refused for load. */
  #retryAfter: number | undefined;

  add({ text, error }: Outcome): void {
    const retryAfter = error === undefined ? undefined : retryAfterOf(error);
    if (retryAfter === undefined) this.#served = true;
    else this.#retryAfter = Math.max(this.#retryAfter ?? 0, retryAfter);
    if (text === undefined) return;
    this.#texts.push(text);
    this.size += text.length;
  }

  /** It is refused as a whole only where all of it is. */
  answer(): Answer {
    return {
      text: this.#texts.length === 0 ? undefined : `[${this.#texts.join(",")}]`,
      retryAfter: this.#served ? undefined : this.#retryAfter,
      limited: this.#retryAfter !== undefined,
    };
  }
}
