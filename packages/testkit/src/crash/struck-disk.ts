import { Random } from "../agreement/random.ts";
import { BadDisk } from "./bad-disk.ts";
import type { Strike } from "./crash-run.ts";

/** A bad disk with the strike of one run: its fault, what is lost in the first crash, and a second crash after it. */
export class StruckDisk {
  readonly disk: BadDisk;
  readonly #strike: Strike | undefined;
  #downs = 0;
  #crashes = 0;
  #sends = 0;

  constructor(seed: number, strike: Strike | undefined) {
    this.#strike = strike;
    this.disk = new BadDisk(new Random(seed + 1_000_003 * (strike?.point.index ?? 0)));
  }

  get crashes(): number {
    return this.#crashes;
  }

  get sends(): number {
    return this.#sends;
  }

  /** From now on operations count: the fault comes with the one that the strike names. */
  arm(): void {
    this.disk.operations.length = 0;
    const { point, fault } = this.#strike ?? {};
    if (point?.at === "operation" && fault !== undefined) this.disk.faults.set(point.index, fault);
  }

  /** Something left the process; whether it is to crash right after. */
  sent(): boolean {
    const index = this.#sends++;
    return this.#strike?.point.at === "send" && this.#strike.point.index === index;
  }

  /** The process is gone; gives what became of that which was not synced. */
  crash(): Strike["loss"] {
    this.#crashes += 1;
    const loss = this.#downs === 0 ? (this.#strike?.loss ?? "lost") : "lost";
    this.disk.crash(loss);
    this.#down();
    return loss;
  }

  /** The disk refused something: there is room again for the next try. */
  refused(): void {
    this.disk.makeRoom();
    this.#down();
  }

  #down(): void {
    this.#downs += 1;
    const again = this.#strike?.again;
    if (this.#downs > 1 || again === undefined) return;
    this.disk.faults.set(this.disk.operations.length + again, { kind: "stop", when: "before" });
  }
}
