import type { HexHash } from "@tributary/protocol/consensus/types";
import type { MemberContext } from "./member-context.ts";
import type { Turn } from "./turn.ts";

/** In place of an opening's id: no word of the mainchain for too long. */
const SILENCE: HexHash = `0x${"00".repeat(32)}`;

/**
 * While a Recovery of the era is open, or while nobody can know whether one is, this member signs nothing more in it:
 * what is posted then is all that there will ever be of the era. What it would have said is kept, and goes out when the
 * opening was cancelled. It is in the log, so that a restart without a mainchain does not undo it. consensus.md 15.
 */
export class Freeze {
  readonly #context: MemberContext;
  readonly #turn: Turn;
  readonly #age: () => number;
  readonly #thawed: () => void;
  #because: HexHash | undefined;

  /** `age`: milliseconds since the newest container was made. */
  constructor(context: MemberContext, turn: Turn, age: () => number, thawed: () => void) {
    this.#context = context;
    this.#turn = turn;
    this.#age = age;
    this.#thawed = thawed;
  }

  get frozen(): boolean {
    return this.#because !== undefined;
  }

  /** The opening for which this member is frozen. */
  get opening(): HexHash | undefined {
    return this.#because === SILENCE ? undefined : this.#because;
  }

  /** What the log, or a new segment of it, says. */
  get record(): { readonly kind: "freeze"; readonly opening: HexHash } | undefined {
    return this.#because === undefined ? undefined : { kind: "freeze", opening: this.#because };
  }

  replay(opening: HexHash | undefined): void {
    this.#because = opening;
    if (opening === undefined) this.#turn.release();
    else this.#turn.hold();
  }

  /**
   * Follows the mainchain's word. What is cancelled must be the very opening: only its word lets a frozen member go on. Who
   * was down meanwhile may hear of it together with later ones.
   */
  look(): void {
    const { config, ports } = this.#context;
    if (this.#context.observer) return;
    const standing = ports.mainchain.standing(config.group, config.era, this.#age());
    if (standing === "unknown") return;
    if (standing === "silent") {
      if (!this.frozen) this.#set(SILENCE);
    } else if (standing === "open") {
      if (this.#because === SILENCE) this.#set(undefined);
    } else if ("opening" in standing) this.#set(standing.opening);
    else if (this.#because === SILENCE || this.#isOf(standing.cancelled)) this.#set(undefined);
  }

  #isOf(openings: readonly HexHash[]): boolean {
    return this.#because !== undefined && openings.includes(this.#because);
  }

  #set(because: HexHash | undefined): void {
    if (because === this.#because) return;
    this.#because = because;
    this.#turn.keep(because === undefined ? { kind: "thaw" } : { kind: "freeze", opening: because });
    if (because !== undefined) {
      this.#turn.hold();
      this.#turn.afterFlush(() => this.#context.report({ kind: "frozen", opening: because }));
    } else {
      this.#context.report({ kind: "frozen", opening: because });
      this.#turn.release();
      this.#thawed();
    }
  }
}
