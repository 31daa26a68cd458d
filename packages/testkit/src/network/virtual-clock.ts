import type { Clock } from "@tributary/node/consensus/ports";
import { EventQueue } from "../agreement/event-queue.ts";

/** 2026-01-01, so that times look like times. */
const EPOCH_MS = 1_767_225_600_000;

/** Time that moves only when there is nothing left to do at the present moment. */
export class VirtualClock implements Clock {
  readonly #queue = new EventQueue<() => void>();
  #steps = 0;

  /** Events that ran so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Milliseconds since the start of the run. */
  get elapsed(): number {
    return this.#queue.now;
  }

  now(): number {
    return EPOCH_MS + Math.floor(this.#queue.now);
  }

  time(): number {
    return this.now();
  }

  after(milliseconds: number, callback: () => void): () => void {
    let live = true;
    this.#queue.post(milliseconds, () => {
      if (live) callback();
    });
    return () => {
      live = false;
    };
  }

  /** Runs the next event; false when there is none. */
  step(): boolean {
    const event = this.#queue.take();
    if (event === undefined) return false;
    this.#steps += 1;
    event();
    return true;
  }
}

/** A member's view of the clock: its time of day is off, and it is silent once the member has crashed. */
export class MemberClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #skew: () => number;
  readonly #alive: () => boolean;

  constructor(clock: VirtualClock, skew: () => number, alive: () => boolean) {
    this.#clock = clock;
    this.#skew = skew;
    this.#alive = alive;
  }

  now(): number {
    return this.#clock.now();
  }

  time(): number {
    return this.#clock.time() + this.#skew();
  }

  after(milliseconds: number, callback: () => void): () => void {
    return this.#clock.after(milliseconds, () => {
      if (this.#alive()) callback();
    });
  }
}
