/** Slots that a node has for its chains. */
const NODE_SLOTS = 128;

/** How much of the node's time JSON-RPC may take. A unit is about 50 microseconds of one core. */
export type BudgetSettings = {
  /** Units a second that all 128 slots together are promised: each chain gets its slots' share of it. */
  readonly unitsPerSecond: number;
  /** Units a second that chains may take beyond their own, out of what the others leave. */
  readonly surplusPerSecond: number;
  /** Seconds of its own rate that a chain may save up, and the least it may save. */
  readonly burstSeconds: number;
  readonly leastBurst: number;
};

export const DEFAULT_BUDGET: BudgetSettings = {
  unitsPerSecond: 10_000,
  surplusPerSecond: 2_000,
  burstSeconds: 2,
  leastBurst: 1_000,
};

/**
 * The time that one node gives to JSON-RPC, divided among its chains: a token bucket per chain, filled in proportion to
 * its slots, over one shared bucket that holds what others do not use. A flooded chain empties its own bucket and the
 * shared one; it never touches what its neighbours are promised.
 */
export class NodeBudget {
  readonly #settings: BudgetSettings;
  readonly #now: () => number;
  readonly #chains = new Set<ChainBudget>();
  #surplus: number;
  #filledAt: number;

  /** `now` in milliseconds, monotonic. */
  constructor(settings: BudgetSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
    this.#surplus = settings.surplusPerSecond;
    this.#filledAt = now();
  }

  open(slots: number): ChainBudget {
    const rate = (this.#settings.unitsPerSecond * slots) / NODE_SLOTS;
    const burst = Math.max(rate * this.#settings.burstSeconds, this.#settings.leastBurst);
    const chain = new ChainBudget(this, rate, burst, this.#now());
    this.#chains.add(chain);
    return chain;
  }

  close(chain: ChainBudget): void {
    this.#chains.delete(chain);
  }

  /** For ChainBudget: the time now. */
  now(): number {
    return this.#now();
  }

  /** For ChainBudget: takes from the shared bucket what a chain lacks; false when it is not there. */
  borrow(units: number): boolean {
    this.#fill();
    if (this.#surplus < units) return false;
    this.#surplus -= units;
    return true;
  }

  /** For ChainBudget: seconds until the shared bucket and the chain's own rate together give `units`. */
  wait(units: number, rate: number): number {
    return (units - this.#surplus) / (rate + this.#settings.surplusPerSecond);
  }

  #fill(): void {
    const now = this.#now();
    const seconds = (now - this.#filledAt) / 1_000;
    if (seconds <= 0) return;
    this.#filledAt = now;
    let promised = 0;
    let unused = 0;
    for (const chain of this.#chains) {
      promised += chain.rate;
      unused += chain.overflow(now);
    }
    unused += Math.max(0, this.#settings.unitsPerSecond - promised) * seconds;
    const gain = Math.min(unused, this.#settings.surplusPerSecond * seconds);
    this.#surplus = Math.min(this.#surplus + gain, this.#settings.surplusPerSecond);
  }
}

/** One chain's bucket. */
export class ChainBudget {
  /** Units a second that the chain is promised. */
  readonly rate: number;
  /** Units that the chain may save up. */
  readonly burst: number;
  readonly #node: NodeBudget;
  #tokens: number;
  #filledAt: number;
  /** What ran over since the shared bucket was last filled. */
  #overflow = 0;

  constructor(node: NodeBudget, rate: number, burst: number, now: number) {
    this.#node = node;
    this.rate = rate;
    this.burst = burst;
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** How full the bucket is, 1 at most. */
  get level(): number {
    this.#fill(this.#node.now());
    return this.#tokens / this.burst;
  }

  /** Takes `units`: 0 when they were there, else whole seconds to wait before trying again. */
  take(units: number): number {
    this.#fill(this.#node.now());
    if (this.#tokens >= units) {
      this.#tokens -= units;
      return 0;
    }
    const missing = units - Math.max(0, this.#tokens);
    if (this.#tokens >= 0 && this.#node.borrow(missing)) {
      this.#tokens = 0;
      return 0;
    }
    return Math.max(1, Math.ceil(this.#node.wait(units - this.#tokens, this.rate)));
  }

  /** Takes `units` of what other chains leave, and none of the chain's own; false when they are not there. */
  spare(units: number): boolean {
    return this.#node.borrow(units);
  }

  /** Charges for what a call turned out to cost. The bucket may go below zero: later calls wait for it. */
  charge(units: number): void {
    this.#fill(this.#node.now());
    this.#tokens -= units;
    if (this.#tokens < 0 && this.#node.borrow(-this.#tokens)) this.#tokens = 0;
  }

  /** For NodeBudget: what the chain did not use since the last call. */
  overflow(now: number): number {
    this.#fill(now);
    const unused = this.#overflow;
    this.#overflow = 0;
    return unused;
  }

  #fill(now: number): void {
    const gain = (Math.max(0, now - this.#filledAt) / 1_000) * this.rate;
    this.#filledAt = now;
    const full = this.#tokens + gain;
    this.#tokens = Math.min(full, this.burst);
    this.#overflow += full - this.#tokens;
  }
}
