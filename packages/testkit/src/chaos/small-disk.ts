import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, renameSync, rmSync, statfsSync } from "node:fs";

/** Kilobytes of a node's disk: more than a long run writes. */
const SIZE_KB = 1_048_576;
/** Kilobytes that stay free on a full disk: the next writes take them, so that it runs full in the middle of one. */
const LEFT_KB = 64;
const TRIES = 10;

/** A node's folder on a disk of its own (tmpfs), which can be made full and roomy again. Only inside a sandbox. */
export class SmallDisk {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Moves the folder's content to a new disk in its place. Nobody may use it meanwhile. */
  static mount(folder: string): SmallDisk {
    const aside = `${folder}.aside`;
    renameSync(folder, aside);
    mkdirSync(folder, { mode: 0o700 });
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_KB}k,mode=700`, "tmpfs", folder]);
    cpSync(aside, folder, { recursive: true, preserveTimestamps: true });
    rmSync(aside, { recursive: true });
    return new SmallDisk(folder);
  }

  /** Leaves room for a few writes. */
  fill(): void {
    for (let tries = 1; ; tries++) {
      const { blocks, bavail, bsize } = statfsSync(this.#folder);
      const used = Math.ceil(((blocks - bavail) * bsize) / 1_024);
      try {
        this.#resize(used + LEFT_KB);
        return;
      } catch (error) {
        // More was written since: the system refuses a size below what is used.
        if (tries === TRIES) throw error;
      }
    }
  }

  free(): void {
    this.#resize(SIZE_KB);
  }

  unmount(): void {
    execFileSync("umount", ["--lazy", this.#folder]);
  }

  #resize(kilobytes: number): void {
    execFileSync("mount", ["-o", `remount,size=${kilobytes}k`, this.#folder], { stdio: ["ignore", "ignore", "pipe"] });
  }
}
