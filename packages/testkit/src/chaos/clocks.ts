import { renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the offset of the node with this data folder stands. */
export function clockFile(folder: string, dataDir: string): string {
  return join(folder, `clock-${basename(dataDir)}`);
}

/**
 * Wall clocks of nodes, moved while they run. What moves is `Date` of the node's JavaScript: all that the product reads
 * of the time of day. Monotonic clocks and timers stay, as they do where an operator sets the clock.
 */
export class Clocks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Environment in which a node's clock can be moved. */
  get environment(): Readonly<Record<string, string>> {
    const preload = fileURLToPath(new URL("./clock-preload.ts", import.meta.url));
    return { TRIBUTARY_CHAOS_CLOCKS: this.#folder, NODE_OPTIONS: `--import=${preload}` };
  }

  /** The clock of the node with this data folder is off by so many milliseconds from now on. */
  set(dataDir: string, milliseconds: number): void {
    const file = clockFile(this.#folder, dataDir);
    if (milliseconds === 0) rmSync(file, { force: true });
    else {
      writeFileSync(`${file}.new`, String(milliseconds));
      renameSync(`${file}.new`, file);
    }
  }
}
