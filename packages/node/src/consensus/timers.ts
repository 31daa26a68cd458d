import type { Height, Timer } from "@tributary/protocol/consensus/types";
import type { Clock } from "./ports.ts";

type Pending = { readonly timer: Timer; readonly milliseconds: number; cancel: (() => void) | undefined };

/** The core's timers. A heartbeat or spacing replaces the earlier one; the others belong to their height. */
export class Timers {
  readonly #clock: Clock;
  readonly #fire: (timer: Timer) => void;
  readonly #pending = new Map<string, Pending>();
  #armed = false;

  constructor(clock: Clock, fire: (timer: Timer) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  set(timer: Timer, milliseconds: number): void {
    const key = keyOf(timer);
    this.#pending.get(key)?.cancel?.();
    const pending: Pending = { timer, milliseconds, cancel: undefined };
    this.#pending.set(key, pending);
    if (this.#armed) this.#arm(key, pending);
  }

  /** The log says that this timer fired already. */
  fired(timer: Timer): void {
    const pending = this.#pending.get(keyOf(timer));
    if (pending?.timer.height === timer.height) this.#pending.delete(keyOf(timer));
  }

  /** The clock runs from here on, also for those that a replay left pending. */
  arm(): void {
    this.#armed = true;
    for (const [key, pending] of this.#pending) this.#arm(key, pending);
  }

  /** Timers of these heights have no effect any more. */
  forget(ordered: Height): void {
    for (const [key, pending] of this.#pending) {
      if (pending.timer.kind === "spacing" || pending.timer.height > ordered) continue;
      pending.cancel?.();
      this.#pending.delete(key);
    }
  }

  stop(): void {
    for (const pending of this.#pending.values()) pending.cancel?.();
    this.#pending.clear();
  }

  #arm(key: string, pending: Pending): void {
    pending.cancel = this.#clock.after(pending.milliseconds, () => {
      if (this.#pending.get(key) !== pending) return;
      this.#pending.delete(key);
      this.#fire(pending.timer);
    });
  }
}

function keyOf(timer: Timer): string {
  return timer.kind === "heartbeat" || timer.kind === "spacing" ? timer.kind : `${timer.kind}.${timer.height}`;
}
