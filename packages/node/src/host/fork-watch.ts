import { type ForkSchedule, standingForks } from "@tributary/protocol/container/fork-schedule";
import type { Logger } from "pino";

/** Milliseconds between two warnings about rules that this version lacks; more often in the last hour and after it. */
const FAR_MS = 600_000;
const NEAR_MS = 60_000;
const NEAR_SECONDS = 3_600;

/** The next change of a chain's rules. */
export type NextFork = {
  readonly rules: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** Whether this version can execute by them. */
  readonly known: boolean;
};

export type ForkWatchParts = {
  readonly schedule: () => ForkSchedule;
  /** Rules of the newest block here. */
  readonly present: () => number;
  readonly knows: (rules: number) => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logger: Pick<Logger, "warn" | "error">;
};

/** Looks ahead for one chain: says early, and again and again, that the operator must install a newer version. */
export class ForkWatch {
  readonly #parts: ForkWatchParts;
  #said: { readonly rules: number; readonly at: number } | undefined;

  constructor(parts: ForkWatchParts) {
    this.#parts = parts;
  }

  get next(): NextFork | undefined {
    const { schedule, present, knows } = this.#parts;
    const now = present();
    const entry = standingForks(schedule().entries).find(({ rules }) => rules > now);
    return entry === undefined ? undefined : { rules: entry.rules, time: entry.time, known: knows(entry.rules) };
  }

  /** The first one ahead that this version lacks, which need not be the next one. */
  get unknown(): NextFork | undefined {
    const { schedule, present, knows } = this.#parts;
    const now = present();
    const entry = standingForks(schedule().entries).find(({ rules }) => rules > now && !knows(rules));
    return entry === undefined ? undefined : { rules: entry.rules, time: entry.time, known: false };
  }

  /** To be called every few seconds. */
  look(): void {
    const { unknown } = this;
    if (unknown === undefined) return;
    const { now, logger } = this.#parts;
    const at = now();
    const seconds = Math.round(unknown.time - at / 1000);
    const pause = seconds > NEAR_SECONDS ? FAR_MS : NEAR_MS;
    if (this.#said?.rules === unknown.rules && at - this.#said.at < pause) return;
    this.#said = { rules: unknown.rules, at };
    const line = { rules: unknown.rules, at: new Date(unknown.time * 1000).toISOString(), seconds };
    if (seconds > 0)
      logger.warn(line, "the chain changes to rules that this version does not know: install a newer one");
    else logger.error(line, "the chain goes by rules that this version does not know: it stops here until a newer one");
  }
}
