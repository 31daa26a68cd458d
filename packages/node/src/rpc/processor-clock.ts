/** What a thread has used so far, in milliseconds: of a processor, and of time in which it had something to do. */
export type ThreadUse = { readonly processor: number; readonly busy: number };

/** Milliseconds between two looks, and those of work below which a look says nothing. */
const LOOK_MS = 200;
const LEAST_WORK_MS = 20;
/** Part of time that passes in any case: whoever asks is told when to come back. */
const LEAST_SHARE = 1 / 20;

/**
 * A clock that goes as fast as this thread gets a processor while it has work: half as fast where others have the other
 * half. Budgets that are filled by it stay the same part of what there is, on a machine that is shared.
 */
export class ProcessorClock {
  readonly #real: () => number;
  readonly #use: () => ThreadUse;
  #time = 0;
  #at: number;
  #share = 1;
  #lookedAt: number;
  #last: ThreadUse;

  /** `real`: milliseconds, monotonic. */
  constructor(real: () => number, use: () => ThreadUse = mainThreadUse) {
    this.#real = real;
    this.#use = use;
    this.#at = real();
    this.#lookedAt = this.#at;
    this.#last = use();
  }

  /** Milliseconds, monotonic. */
  now(): number {
    const real = this.#real();
    if (real - this.#lookedAt >= LOOK_MS) this.#look(real);
    this.#time += (real - this.#at) * this.#share;
    this.#at = real;
    return this.#time;
  }

  #look(real: number): void {
    const use = this.#use();
    const busy = use.busy - this.#last.busy;
    const share = busy < LEAST_WORK_MS ? 1 : (use.processor - this.#last.processor) / busy;
    this.#share = Math.min(1, Math.max(LEAST_SHARE, share));
    this.#lookedAt = real;
    this.#last = use;
  }
}

function mainThreadUse(): ThreadUse {
  const { user, system } = process.threadCpuUsage();
  return { processor: (user + system) / 1_000, busy: performance.eventLoopUtilization().active };
}
