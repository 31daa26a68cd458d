import { gasOf, isDone, type Job } from "../job.ts";
import type { SigningPool } from "../pool/signing-pool.ts";

/** Gas that a caller's jobs may use in each window of so many seconds, counted when they are submitted. */
export type GasQuota = { readonly gas: bigint; readonly seconds: number };

/**
 * What one caller has used of its quota. A job counts with its limit from its submission on and with what it has used
 * once that is known; one without effect counts nothing.
 */
export class QuotaBook {
  readonly #quota: GasQuota;
  #window: number;
  #used = 0n;
  /** Reserved by submissions that are not durable yet. */
  #arriving = 0n;
  /** What each open job of this window counts with now. */
  readonly #counted = new Map<string, bigint>();

  private constructor(quota: GasQuota, now: number) {
    this.#quota = quota;
    this.#window = this.#windowAt(now);
  }

  /** What an earlier process has accepted counts on; its open jobs keep what is counted here. */
  static async open(quota: GasQuota, pool: SigningPool, owner: string, now: number): Promise<QuotaBook> {
    const book = new QuotaBook(quota, now);
    book.#used = await pool.gasSince(book.#startOf(book.#window), owner);
    return book;
  }

  /** Seconds to wait; 0 when a job with this limit is within the quota. It is then to be taken with `arrived`. */
  reserve(gas: bigint, now: number): number {
    this.#turn(now);
    if (this.#used + this.#arriving + gas > this.#quota.gas) {
      return Math.ceil((this.#startOf(this.#window + 1) - now) / 1_000);
    }
    this.#arriving += gas;
    return 0;
  }

  /** The job is counted by itself now, or was refused. */
  arrived(gas: bigint): void {
    this.#arriving -= gas;
  }

  /** A job of this caller has changed. */
  note(job: Job): void {
    this.#turn(Date.now());
    const before = this.#counted.get(job.id);
    // A job of an earlier window, or of an earlier process, which the store's sum has.
    if (before === undefined && job.state !== "queued") return;
    if (before === undefined && job.createdAt !== job.updatedAt) return;
    const after = BigInt(gasOf(job));
    this.#used += after - (before ?? 0n);
    if (isDone(job.state)) this.#counted.delete(job.id);
    else this.#counted.set(job.id, after);
  }

  #turn(now: number): void {
    const window = this.#windowAt(now);
    if (window === this.#window) return;
    this.#window = window;
    this.#used = 0n;
    this.#counted.clear();
  }

  #windowAt(now: number): number {
    return Math.floor(now / (this.#quota.seconds * 1_000));
  }

  #startOf(window: number): number {
    return window * this.#quota.seconds * 1_000;
  }
}
