import type { Agent, Now } from "./agent.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./mainchain/pause.ts";
import type { MainchainFollower, MainchainHead, MainchainStep } from "./mainchain/watcher.ts";

/** States kept for a mainchain that goes back; as many as the watcher keeps marks. */
const SNAPSHOTS = 256;
const MAX_CONCURRENT = 16;
/** Milliseconds before a failed action is tried again; doubles up to the second value. */
const RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;
/** Milliseconds after an action was done during which it is not repeated: its fact needs a confirmed block to return. */
const SETTLE_MS = 4_000;
/** Names of actions remembered for their waiting times. */
const MAX_REMEMBERED = 4_096;

export type RunnerOptions = {
  readonly logger: Logger;
  /** Milliseconds between two questions when nothing happened. */
  readonly tickMs: number;
  /** The same while there is nothing to do; `tickMs` where that is more. */
  readonly restMs?: number;
};

/** Folds the mainchain's facts into an agent's state and carries out what follows from it. */
export class AgentRunner<State, Event, Action> implements MainchainFollower<Event> {
  readonly #agent: Agent<State, Event, Action>;
  readonly #options: RunnerOptions;
  readonly #running = new Map<string, Promise<void>>();
  /** By the clock that never jumps. */
  readonly #notBefore = new Map<string, { readonly at: number; readonly wait: number }>();
  readonly #stop = new AbortController();
  #snapshots: { readonly block: bigint; readonly state: State }[] = [];
  #state: State;
  #head: MainchainHead | undefined;
  #ready = false;
  #ticking: Promise<void> | undefined;

  constructor(agent: Agent<State, Event, Action>, options: RunnerOptions) {
    this.#agent = agent;
    this.#options = options;
    this.#state = agent.initial;
  }

  get state(): State {
    return this.#state;
  }

  start(): void {
    this.#ticking ??= this.#tick();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ticking;
    await Promise.allSettled(this.#running.values());
  }

  apply(step: MainchainStep<Event>): void {
    for (const fact of step.facts) this.#state = this.#agent.reduce(this.#state, fact);
    this.#snapshots.push({ block: step.through.number, state: this.#state });
    if (this.#snapshots.length > SNAPSHOTS) this.#snapshots.shift();
    this.#head = step.through;
    this.#ready = step.caughtUp;
    if (step.facts.length > 0) this.#forgetFailures();
    this.#decide();
  }

  rollback(block: bigint): void {
    this.#snapshots = this.#snapshots.filter((snapshot) => snapshot.block <= block);
    this.#state = this.#snapshots.at(-1)?.state ?? this.#agent.initial;
    this.#ready = false;
    this.#notBefore.clear();
    this.#agent.forget?.();
  }

  async #tick(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { tickMs, restMs = 0 } = this.#options;
      await pause(this.#decide() ? tickMs : Math.max(tickMs, restMs), this.#stop.signal);
    }
  }

  /** Begins what can be begun. Whether there is anything to do, begun or not. */
  #decide(): boolean {
    if (!this.#ready || this.#head === undefined || this.#stop.signal.aborted) return true;
    const now: Now = { head: this.#head, clock: Date.now() };
    const actions = this.#agent.nextActions(this.#state, now);
    for (const action of actions) {
      const key = this.#agent.key(action);
      if (this.#running.size >= MAX_CONCURRENT) break;
      if (this.#running.has(key) || (this.#notBefore.get(key)?.at ?? 0) > performance.now()) continue;
      this.#running.set(key, this.#carryOut(key, action));
    }
    return actions.length > 0;
  }

  async #carryOut(key: string, action: Action): Promise<void> {
    const { logger } = this.#options;
    const previous = this.#notBefore.get(key)?.wait ?? 0;
    const again = Math.min(MAX_RETRY_MS, Math.max(RETRY_MS, 2 * previous));
    try {
      const result = await this.#agent.act(action, this.#stop.signal);
      if (result.kind === "done") {
        this.#remember(key, SETTLE_MS, 0);
      } else {
        logger.debug({ agent: this.#agent.name, action: key, reason: result.reason }, "action put off");
        this.#remember(key, again, again);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ agent: this.#agent.name, action: key, reason }, "action failed");
      this.#remember(key, again, again);
    } finally {
      this.#running.delete(key);
    }
  }

  /** News may have made possible what failed; what was done stays settled. */
  #forgetFailures(): void {
    for (const [key, { wait }] of this.#notBefore) if (wait > 0) this.#notBefore.delete(key);
  }

  #remember(key: string, milliseconds: number, wait: number): void {
    if (this.#notBefore.size >= MAX_REMEMBERED) this.#notBefore.clear();
    this.#notBefore.set(key, { at: performance.now() + milliseconds, wait });
  }
}
