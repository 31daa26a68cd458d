/** So many a second on average, and at once. */
export type Rate = { readonly ratePerSecond: number; readonly burst: number };

export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAt: number;

  /** Times are milliseconds. */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = now;
  }

  /** Seconds to wait; 0 when one more is within the rate, which it then counts against. */
  spend(now: number): number {
    const { burst, ratePerSecond } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, now - this.#filledAt) / 1_000) * ratePerSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / ratePerSecond);
    this.#tokens -= 1;
    return 0;
  }
}
