/** The one thread of a member in virtual time: what it is given to do waits for what it was given before. */
export class Processor {
  readonly #now: () => number;
  #free = 0;
  /** Milliseconds of work so far. */
  busy = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Work of so many milliseconds; says in how many it is done. */
  take(milliseconds: number): number {
    const start = Math.max(this.#now(), this.#free);
    this.#free = start + milliseconds;
    this.busy += milliseconds;
    return this.#free - this.#now();
  }

  /** Milliseconds until what it was given is done. */
  get backlog(): number {
    return Math.max(0, this.#free - this.#now());
  }
}
