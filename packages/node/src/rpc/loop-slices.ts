/** Milliseconds in which requests may begin, and those after them that belong to everything else, while some wait. */
const SLICE_MS = 4;
const PAUSE_MS = 8;
/** Milliseconds after which whoever waits is told to come back. */
const MAX_WAIT_MS = 2_000;

type Waiter = { readonly at: number; readonly enter: (entered: boolean) => void };

/**
 * Keeps JSON-RPC from filling whole turns of the event loop. Members agree by many small messages, each of which gets
 * one chance a turn: a turn full of requests delays a height as often as the height has steps. So requests begin within
 * a slice, and the next slice comes after a pause of twice its length; what does not fit waits, each chain's in line and
 * the chains in turn. The budget alone does not do that: it counts a processor's time, and the node may have less of one
 * than it should.
 */
export class LoopSlices {
  readonly #now: () => number;
  /** Runs it once, so many milliseconds from now. */
  readonly #later: (run: () => void, milliseconds: number) => void;
  /** Chains with somebody in line; the next one first. */
  readonly #lines: SliceLine[] = [];
  /** When the slice began, until the pause after it is over. */
  #begun: number | undefined;

  constructor(now: () => number, later: (run: () => void, milliseconds: number) => void = setTimeout) {
    this.#now = now;
    this.#later = later;
  }

  open(): SliceLine {
    return new SliceLine(this);
  }

  /** For SliceLine: whether a request may begin at once. */
  begin(): boolean {
    if (this.#begun === undefined) {
      this.#begun = this.#now();
      this.#later(() => this.#turn(), SLICE_MS + PAUSE_MS);
    }
    return this.#lines.length === 0 && this.#now() - this.#begun < SLICE_MS;
  }

  /** For SliceLine: it has somebody in line from now on. */
  join(line: SliceLine): void {
    this.#lines.push(line);
  }

  /** For SliceLine. */
  now(): number {
    return this.#now();
  }

  #turn(): void {
    this.#slice().then(
      () => {
        if (this.#lines.length === 0) this.#begun = undefined;
        else this.#later(() => this.#turn(), PAUSE_MS);
      },
      () => undefined,
    );
  }

  async #slice(): Promise<void> {
    const begun = this.#now();
    this.#begun = begun;
    for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
      const late = line.next(this.#now() - MAX_WAIT_MS);
      if (!line.isEmpty) this.#lines.push(line);
      // Whoever was let in runs now.
      if (!late) await undefined;
      if (this.#now() - begun >= SLICE_MS) return;
    }
  }
}

/** Requests of one chain that wait. */
export class SliceLine {
  readonly #slices: LoopSlices;
  #waiters: Waiter[] = [];
  #first = 0;

  constructor(slices: LoopSlices) {
    this.#slices = slices;
  }

  get isEmpty(): boolean {
    return this.#first === this.#waiters.length;
  }

  /**
   * True: the caller may go on at once. Else resolves when it may, or with false after it has waited too long, the
   * `waited` milliseconds of before included.
   */
  enter(waited = 0): true | Promise<boolean> {
    if (this.#slices.begin()) return true;
    if (this.isEmpty) this.#slices.join(this);
    return new Promise((resolve) => this.#waiters.push({ at: this.#slices.now() - waited, enter: resolve }));
  }

  /** For LoopSlices: lets the next one in; those that came before `oldest` are turned away. True: nobody was let in. */
  next(oldest: number): boolean {
    for (;;) {
      const waiter = this.#waiters[this.#first];
      if (waiter === undefined) return true;
      this.#first++;
      if (this.isEmpty) {
        this.#waiters = [];
        this.#first = 0;
      }
      waiter.enter(waiter.at >= oldest);
      if (waiter.at >= oldest) return false;
    }
  }
}
