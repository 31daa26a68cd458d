import { Consensus } from "@tributary/protocol/consensus/consensus";
import { HEIGHT_WINDOW } from "@tributary/protocol/consensus/parameters";
import type { Base, Effect, Input } from "@tributary/protocol/consensus/types";
import { quorum } from "@tributary/protocol/quorum";

/** Compares what replay gives with what was given before; bigints are not JSON. */
function spell(effects: readonly Effect[]): string {
  return JSON.stringify(effects, (_, value) => (typeof value === "bigint" ? value.toString() : value));
}

/** An honest member: a core, the log of its inputs, and ideal shares (q of them make a certificate). */
export class Member<Message> {
  readonly seat: number;
  readonly #base: Base;
  readonly #keepsLog: boolean;
  readonly #inputs: Input[] = [];
  readonly #outputs: string[] = [];
  readonly #shares = new Map<string, Set<number>>();
  #parked: { readonly height: number; readonly message: Message }[] = [];
  #core: Consensus;
  /** Heights whose F this member was given. */
  readonly certified: Set<number> = new Set();
  /** Highest height executed, and its hash. */
  executed = 0;
  stateHash: `0x${string}`;

  constructor(base: Base, keepsLog: boolean) {
    this.seat = base.seat;
    this.#base = base;
    this.#keepsLog = keepsLog;
    this.#core = new Consensus(base);
    this.stateHash = base.orderDigest;
  }

  get core(): Consensus {
    return this.#core;
  }

  start(): readonly Effect[] {
    return this.#core.start();
  }

  step(input: Input): readonly Effect[] {
    const effects = this.#core.step(input);
    if (this.#keepsLog) {
      this.#inputs.push(input);
      this.#outputs.push(spell(effects));
    }
    return effects;
  }

  /** Crash and replay: the core is made anew from its log. False when it says anything else than before. */
  restart(): boolean {
    this.#core = new Consensus(this.#base);
    this.#core.start();
    return this.#inputs.every((input, index) => spell(this.#core.step(input)) === this.#outputs[index]);
  }

  /** True for the share that completes a quorum, once. */
  collect(slot: string, from: number): boolean {
    let shares = this.#shares.get(slot);
    if (shares === undefined) {
      shares = new Set();
      this.#shares.set(slot, shares);
    }
    if (shares.has(from)) return false;
    shares.add(from);
    return shares.size === quorum(this.#base.members);
  }

  /** Messages above the window are dropped by a real member and come back by REPEAT once it has moved: here they wait. */
  park(height: number, message: Message): boolean {
    if (height <= this.#core.ordered + HEIGHT_WINDOW) return false;
    this.#parked.push({ height, message });
    return true;
  }

  unpark(): readonly Message[] {
    const limit = this.#core.ordered + HEIGHT_WINDOW;
    const ready = this.#parked.filter(({ height }) => height <= limit);
    this.#parked = this.#parked.filter(({ height }) => height > limit);
    return ready.map(({ message }) => message);
  }
}
