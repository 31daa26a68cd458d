/** Turns of one chain. */
export interface Turns {
  /** Starts the work when the chain's share allows it; the work calls `finished` once. */
  run(work: (finished: () => void) => void): void;
  /** Drops what waits. */
  drop(): void;
  close(): void;
}

type Party = {
  readonly weight: number;
  /** Time taken so far, divided by the weight. */
  used: number;
  running: boolean;
  waiting: ((finished: () => void) => void)[];
};

/**
 * Divides a processor among chains in proportion to their weights while they compete, and gives all of it to whoever
 * works alone. A chain that has had more than its share waits with its next piece of work until the others, as far as
 * they have work, caught up. Work yields to the event loop, so pieces of several chains may be under way at a time: the
 * time that passes then counts in equal parts.
 */
export class FairTurns {
  readonly #now: () => number;
  readonly #parties = new Set<Party>();
  #countedAt = 0;

  /** `now` in milliseconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  open(weight: number): Turns {
    const party: Party = { weight, used: 0, running: false, waiting: [] };
    this.#parties.add(party);
    return {
      run: (work) => {
        this.#count();
        if (!active(party)) party.used = Math.max(party.used, this.#least());
        party.waiting.push(work);
        this.#start();
      },
      drop: () => {
        party.waiting = [];
      },
      close: () => {
        this.#count();
        party.waiting = [];
        this.#parties.delete(party);
        this.#start();
      },
    };
  }

  /** Charges the time since the last call to those that ran in it. */
  #count(): void {
    const now = this.#now();
    const running = [...this.#parties].filter((party) => party.running);
    for (const party of running) party.used += (now - this.#countedAt) / running.length / party.weight;
    this.#countedAt = now;
  }

  /** Least use of those that compete: who comes back from a rest starts there and has saved nothing up. */
  #least(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const party of this.#parties) if (active(party)) least = Math.min(least, party.used);
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }

  #start(): void {
    for (;;) {
      const least = this.#least();
      const next = [...this.#parties].find(
        (party) => !party.running && party.waiting.length > 0 && party.used <= least,
      );
      const work = next?.waiting.shift();
      if (next === undefined || work === undefined) return;
      next.running = true;
      let done = false;
      work(() => {
        if (done) return;
        done = true;
        this.#count();
        next.running = false;
        this.#start();
      });
    }
  }
}

function active(party: Party): boolean {
  return party.running || party.waiting.length > 0;
}
