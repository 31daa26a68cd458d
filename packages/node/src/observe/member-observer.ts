import type { Logger } from "pino";
import type { DriverEvent, Observer } from "../consensus/driver-event.ts";
import type { NodeMetrics } from "./node-metrics.ts";

/** Turns what a driver tells into metrics and log lines. Nothing that a peer wrote appears in a line. */
export class MemberObserver implements Observer {
  readonly #chain: string;
  readonly #metrics: NodeMetrics;
  readonly #logger: Logger;
  /** Seats whose bad shares were logged. */
  readonly #accused = new Set<number>();

  constructor(chain: string, metrics: NodeMetrics, logger: Logger) {
    this.#chain = chain;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  event(event: DriverEvent): void {
    this.#metrics.event(this.#chain, event);
    switch (event.kind) {
      case "committed": {
        const { height, hash, transactions, fetched } = event;
        this.#logger.debug({ height, hash, transactions, fetched }, "committed");
        break;
      }
      case "bad-share":
        if (this.#accused.has(event.from)) break;
        this.#accused.add(event.from);
        this.#logger.warn({ seat: event.from, about: event.about, height: event.height }, "bad share of a member");
        break;
      case "evidence":
        this.#logger.warn(
          { fault: event.fault, height: event.height, seat: event.from },
          "a member contradicts itself",
        );
        break;
      case "refused":
        this.#logger.error({ slot: event.slot, value: event.value }, "refused to sign a second value for a slot");
        break;
      case "remembered":
        this.#logger.info(
          { above: event.height },
          "the others said where they are: takes part again above this height",
        );
        break;
      case "border":
        this.#logger.info({ first: event.first }, "the next epoch is ready: its first height is fixed");
        break;
      case "over":
        this.#logger.info({ first: event.first, epoch: event.epoch }, "the last height of the epoch is final");
        break;
      case "halted": {
        const { reason, height, own, other } = event;
        const repaired = reason === "diverged" || reason === "irreproducible";
        const what = repaired
          ? "this member's result is not the chain's: it signs none and answers nothing from its state"
          : "execution stopped: the chain needs its operator";
        this.#logger.error({ reason, height, own, other }, what);
        break;
      }
    }
  }
}
