import type { Consensus } from "@tributary/protocol/consensus/consensus";
import type { Effect, Height, Input } from "@tributary/protocol/consensus/types";
import { encodeLogRecord, type LogRecord, messageRecord } from "./log-record.ts";
import type { Clock, InputLog } from "./ports.ts";

/** Effects that leave the node: held back until everything that led to them is durable. */
export type HeldEffect = Extract<
  Effect,
  { readonly kind: "propose" | "acknowledge" | "vote" | "coin" | "decide" | "sign-final" }
>;
/** Effects that stay inside. */
export type InnerEffect = Exclude<Effect, HeldEffect>;

/** Something to do once all inputs so far are durable. */
export type Deferred = { readonly kind: "then"; readonly run: () => void };

export type TurnHandlers = {
  inner(effect: InnerEffect): void;
  /** Everything that led to these is in the log, durably. In their order. */
  release(outputs: readonly (HeldEffect | Deferred)[]): void;
};

type Entry = { readonly input: Input; readonly record: LogRecord };

/**
 * Runs the core: input into the log, step, effects. What one flush of the log covers is released together (group
 * commit); while a flush is under way the next group gathers. consensus.md 11.
 */
export class Turn {
  readonly #core: Consensus;
  readonly #log: InputLog;
  readonly #handlers: TurnHandlers;
  readonly #clock: Clock;
  readonly #spacing: number;
  readonly #queue: Entry[] = [];
  #outputs: (HeldEffect | Deferred)[] = [];
  #running = false;
  #flushing = false;
  #stopped = false;
  #lastFlush = 0;
  #scheduled = false;
  /** While the member is frozen: what it would have said. */
  #held: HeldEffect[] | undefined;
  /** While the log is replayed nothing is written, and nothing leaves before the whole log was read. */
  #replaying = true;

  /**
   * `spacing`: milliseconds between the starts of two flushes for what comes in crowds. Votes that become due in between
   * share one message, which every other member has to verify: in a large committee that is worth more than the wait.
   */
  constructor(core: Consensus, log: InputLog, clock: Clock, spacing: number, handlers: TurnHandlers) {
    this.#core = core;
    this.#log = log;
    this.#clock = clock;
    this.#spacing = spacing;
    this.#handlers = handlers;
  }

  /** The first effects of the core. Once, before any input. */
  begin(): void {
    this.#dispatch(this.#core.start());
  }

  /** An input that the log holds already. */
  replay(input: Input): void {
    this.#dispatch(this.#core.step(input));
  }

  /** The log was read to its end. */
  live(): void {
    this.#replaying = false;
    this.#flush();
  }

  input(input: Input, record: LogRecord): void {
    if (this.#stopped) return;
    this.#queue.push({ input, record });
    this.#run();
  }

  /** Keeps something durable that is no input of the core. */
  keep(record: LogRecord): void {
    if (!this.#stopped) this.#append(record);
  }

  /** Runs once everything so far is durable. */
  afterFlush(run: () => void): void {
    this.#outputs.push({ kind: "then", run });
    if (!this.#running) this.#flush();
  }

  /** From here on nothing that binds leaves. */
  hold(): void {
    this.#held ??= [];
  }

  /** What was held leaves, once everything so far is durable. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#outputs.unshift(...held);
    if (!this.#running) this.#flush();
  }

  /** Of what is held, that which nobody waits for any more. `ordered`: up to here ORDER is held; `committed`: F. */
  forget(ordered: Height, committed: Height): void {
    this.#held = this.#held?.filter(
      (output) => heightOf(output) > (output.kind === "sign-final" ? committed : ordered),
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
    this.#outputs = [];
    this.#held = undefined;
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) {
        this.#append(entry.record);
        this.#dispatch(this.#core.step(entry.input));
      }
    } finally {
      this.#running = false;
    }
    this.#flush();
  }

  #append(record: LogRecord): void {
    this.#log.append(record.kind === "message" ? messageRecord(record.from, record.message) : encodeLogRecord(record));
  }

  #dispatch(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "propose":
        case "acknowledge":
        case "vote":
        case "coin":
        case "decide":
        case "sign-final":
          this.#outputs.push(effect);
          break;
        default:
          this.#handlers.inner(effect);
      }
    }
  }

  #flush(): void {
    if (this.#replaying || this.#flushing || this.#stopped || this.#outputs.length === 0) return;
    const now = this.#clock.now();
    const wait = this.#lastFlush + this.#spacing - now;
    if (wait > 0 && wait <= this.#spacing && !this.#outputs.some(isUrgent)) {
      if (this.#scheduled) return;
      this.#scheduled = true;
      this.#clock.after(wait, () => {
        this.#scheduled = false;
        this.#flush();
      });
      return;
    }
    this.#lastFlush = now;
    this.#flushing = true;
    const outputs = this.#outputs;
    this.#outputs = [];
    this.#log.flush(() => {
      this.#flushing = false;
      if (this.#stopped) return;
      this.#leave(outputs);
      this.#flush();
    });
  }

  #leave(outputs: readonly (HeldEffect | Deferred)[]): void {
    const held = this.#held;
    if (held === undefined) {
      this.#handlers.release(outputs);
      return;
    }
    const through: Deferred[] = [];
    for (const output of outputs) {
      if (output.kind === "then") through.push(output);
      else held.push(output);
    }
    this.#handlers.release(through);
  }
}

function heightOf(effect: HeldEffect): Height {
  switch (effect.kind) {
    case "propose":
    case "acknowledge":
      return effect.proposal.header.height;
    case "decide":
      return effect.order.height;
    default:
      return effect.height;
  }
}

/** One of its kind at a height, and others wait for it. Votes, acknowledgements and coin shares come in crowds. */
function isUrgent({ kind }: HeldEffect | Deferred): boolean {
  return kind !== "vote" && kind !== "acknowledge" && kind !== "coin";
}
