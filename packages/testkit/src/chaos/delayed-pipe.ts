import type { Socket } from "node:net";
import type { Random } from "../agreement/random.ts";

/** What a link does to the bytes on it. */
export type LinkRule = {
  /** Nothing passes; what was sent waits, as TCP would repeat it. */
  readonly cut: boolean;
  /** Milliseconds one way, on average. */
  readonly delay: number;
  /** Part of the chunks that wait for a repetition first: what a lost segment costs those behind it, too. */
  readonly loss: number;
};

export const OPEN_LINK: LinkRule = { cut: false, delay: 0, loss: 0 };

/** Bytes of one direction that wait here before the sender has to. */
const MOST_WAITING = 1 << 20;
/** Milliseconds of Linux's shortest retransmission timeout. */
const REPETITION_MS = 200;

type Held = { readonly due: number; readonly bytes: Buffer | "end" };

/** One direction of a connection: bytes in their order, late or not at all for now. */
export class DelayedPipe {
  #to: Socket | undefined;
  readonly #from: Socket;
  readonly #rule: () => LinkRule;
  readonly #random: Random;
  readonly #held: Held[] = [];
  #waiting = 0;
  #lastDue = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, rule: () => LinkRule, random: Random) {
    this.#from = from;
    this.#rule = rule;
    this.#random = random;
    from.on("data", (bytes: Buffer) => {
      this.#hold(bytes);
      this.#waiting += bytes.length;
      if (this.#waiting > MOST_WAITING) from.pause();
      this.flush();
    });
    // A connection's end travels like its bytes: behind a cut nobody learns of it.
    from.on("close", () => {
      this.#hold("end");
      this.flush();
    });
  }

  /** Where the bytes go to; they are held until then. */
  attach(to: Socket): void {
    this.#to = to;
    to.on("drain", () => this.flush());
    to.on("close", () => clearTimeout(this.#timer));
    this.flush();
  }

  /** Passes on what is due; called again where the link's rule has changed. */
  flush(): void {
    clearTimeout(this.#timer);
    const to = this.#to;
    const now = performance.now();
    while (to !== undefined && !this.#rule().cut && !to.writableNeedDrain) {
      const next = this.#held[0];
      if (next === undefined) return;
      if (next.due > now) {
        this.#timer = setTimeout(() => this.flush(), next.due - now);
        return;
      }
      this.#held.shift();
      if (next.bytes === "end") {
        to.destroy();
        return;
      }
      this.#waiting -= next.bytes.length;
      to.write(next.bytes);
      if (this.#waiting <= MOST_WAITING) this.#from.resume();
    }
  }

  #hold(bytes: Buffer | "end"): void {
    const { delay, loss } = this.#rule();
    let late = delay * (0.5 + this.#random.fraction());
    for (let wait = REPETITION_MS; wait < 16 * REPETITION_MS && this.#random.chance(loss); wait *= 2) late += wait;
    // In order: whatever is behind a late chunk waits for it.
    this.#lastDue = Math.max(this.#lastDue, performance.now() + late);
    this.#held.push({ due: this.#lastDue, bytes });
  }
}
