import { Ledger } from "@tributary/chain/ledger/ledger";
import { openState, setReplacedAside, UNFINISHED } from "@tributary/chain/snapshot/install";
import type { StateFolders } from "@tributary/chain/snapshot/state-folders";
import type { StateImport } from "@tributary/chain/snapshot/state-import";
import { equal } from "@tributary/protocol/bytes/bytes";
import type { BadDisk, Life } from "./bad-disk.ts";
import { codeOf } from "./crash-member.ts";
import type { CrashReport, Strike } from "./crash-run.ts";
import { badStates } from "./disk-key-value-store.ts";
import { type Height, healthy, imageOf, type SnapshotWorld } from "./snapshot-world.ts";
import { StruckDisk } from "./struck-disk.ts";

const DIRECTORY = "chain";
const OUTSIDE = "aside";
const ASIDE = "state";
/** Heights whose snapshots are ready, one above the other, before the chain is opened again; the last one is repaired. */
const PLAN: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2]],
  [1, [2]],
  [2, [3]],
]);
const LAST = 3;
const MAX_FAILURES = 4;
const none = (): void => undefined;

/**
 * One member with an old state on a bad disk, which takes snapshots of newer blocks over: whatever strikes, its folder
 * opens as one whole state, none older than one that was ready, and no bucket that is durable is fetched again.
 */
export class TakeoverRun {
  readonly #world: SnapshotWorld;
  readonly #strike: Strike | undefined;
  readonly #struck: StruckDisk;
  readonly #disk: BadDisk;
  readonly #failures: string[] = [];
  #life = 0;
  #locks = new Set<string>();
  /** Heights between which the state that opens must be: one that was promised, and the newest that may be ready. */
  #promised = 0;
  #begun = 0;
  #opened = 0;
  #aside = false;
  /** Of the snapshot that is being taken over: what was entered, and what of it is durable. */
  #taken = 0;
  #entered = new Set<number>();
  #durable: ReadonlySet<number> = new Set();
  #stopped: () => void = none;
  #failure: string | undefined;

  constructor(world: SnapshotWorld, seed: number, strike: Strike | undefined) {
    this.#world = world;
    this.#strike = strike;
    this.#struck = new StruckDisk(seed, strike);
    this.#disk = this.#struck.disk;
  }

  async play(): Promise<CrashReport> {
    await this.#prepare();
    let over = false;
    while (!over && this.#failure === undefined) {
      const number = this.#life;
      const stopped = new Promise<boolean>((resolve) => {
        this.#stopped = () => resolve(false);
      });
      over = await Promise.race([stopped, this.#live().catch((error: unknown) => this.#refused(error, number))]);
    }
    const operations = this.#disk.operations.slice();
    this.#disk.faults.clear();
    this.#disk.makeRoom();
    this.#life += 1;
    this.#disk.crash("lost");
    if (this.#failure === undefined) await this.#look().catch((error: unknown) => this.#fail(codeOf(error)));
    const [failure, failures, crashes] = [this.#failure, this.#failures, this.#struck.crashes];
    return { failure, operations, sends: this.#struck.sends, crashes, failures, height: this.#promised, steps: 0 };
  }

  async #prepare(): Promise<void> {
    const folders = badStates(this.#disk, DIRECTORY, healthy, new Set());
    const state = await folders.open("state");
    await state.write(this.#world.old);
    await state.close();
    await folders.syncFiles("state");
    await folders.sync();
    this.#struck.arm();
  }

  /** One process, or what goes on in it after the disk refused something; true when the newest state was opened. */
  async #live(): Promise<boolean> {
    const folders = badStates(this.#disk, DIRECTORY, this.#newLife(), this.#locks);
    for (;;) {
      const height = await this.#open(folders);
      if (height === LAST || this.#failure !== undefined) return true;
      for (const next of PLAN.get(height) ?? []) await this.#try(folders, next);
      if (this.#begun !== LAST) continue;
      await setReplacedAside(folders, `${OUTSIDE}/${ASIDE}`);
      this.#aside = true;
    }
  }

  #newLife(): Life {
    const number = this.#life;
    const alive = (): boolean => this.#life === number;
    return { alive, stop: () => this.#crash(), later: (run) => setImmediate(() => (alive() ? run() : undefined)) };
  }

  /** Opens the chain's state as `Chain.open` does; the height that it is of. */
  async #open(folders: StateFolders): Promise<number> {
    const store = await openState(folders);
    try {
      const image = await imageOf(store);
      const height = this.#world.heights.findIndex((one) => one.image === image);
      if (height < 0) this.#fail("what opens is none of the states");
      else if (height < this.#promised) this.#fail(`height ${height} opens after ${this.#promised} was there`);
      else if (height > this.#begun) this.#fail(`height ${height} opens before it was whole`);
      if (this.#failure !== undefined) return height;
      this.#promised = height;
      this.#opened = height;
      const { head } = await Ledger.open(store, this.#world.parameters);
      if (!equal(head.hash, this.#height(height).block.hash)) this.#fail(`height ${height} has another head`);
      return height;
    } finally {
      await store.close();
    }
  }

  /** Once more in the same process, while there is still no room. */
  async #try(folders: StateFolders, next: number): Promise<void> {
    try {
      await this.#take(folders, next);
    } catch (error) {
      if (!this.#disk.full) throw error;
      await this.#take(folders, next);
    }
  }

  async #take(folders: StateFolders, next: number): Promise<void> {
    const height = this.#height(next);
    const into = await this.#resume(folders, next);
    try {
      for (const bucket of into.missing) {
        this.#sent();
        if (!(await this.#world.take(into, height, bucket))) this.#fail(`the bytes of bucket ${bucket} are refused`);
        this.#entered.add(bucket);
      }
      do this.#sent();
      while (await this.#world.takeCodes(into));
    } catch (error) {
      // As a download does.
      await into.close();
      throw error;
    }
    this.#begun = next;
    // One that is ready may go when a newer one takes its place.
    this.#promised = this.#opened;
    await into.finish();
    this.#promised = next;
  }

  /** Goes on with what an earlier attempt entered; opening makes durable what is there. */
  async #resume(folders: StateFolders, next: number): Promise<StateImport> {
    if (this.#taken !== next) {
      this.#taken = next;
      this.#entered = new Set();
      this.#durable = new Set();
    }
    const into = await this.#world.open(folders, this.#height(next));
    const missing = new Set(into.missing);
    for (const bucket of this.#entered) {
      if (missing.has(bucket) && !this.#mayForget()) this.#fail(`bucket ${bucket} is fetched again`);
    }
    this.#durable = new Set([...this.#entered].filter((bucket) => !missing.has(bucket)));
    this.#entered = new Set(this.#durable);
    return into;
  }

  /** A database that cannot be read, or whose end came to the platter in disorder, is damaged: it is begun anew. */
  #mayForget(): boolean {
    const { point, fault, loss } = this.#strike ?? {};
    if (loss === "reordered") return true;
    const struck = point?.at === "operation" ? this.#disk.operations[point.index] : undefined;
    return fault?.kind === "broken" && struck?.folder === `${DIRECTORY}/${UNFINISHED}`;
  }

  #sent(): void {
    if (this.#struck.sent()) this.#crash();
  }

  #crash(): void {
    this.#life += 1;
    this.#locks = new Set();
    if (this.#struck.crash() !== "kept") this.#entered = new Set(this.#durable);
    this.#stopped();
  }

  /** The process lives on, and tries again when there is room. What a process says that is gone does not count. */
  #refused(error: unknown, life: number): boolean {
    if (life !== this.#life) return false;
    this.#failures.push(codeOf(error));
    const why = error instanceof Error ? error.message : String(error);
    if (this.#strike === undefined || this.#failures.length > MAX_FAILURES) this.#fail(`does not go on: ${why}`);
    // No byte of this disk changes by itself.
    if (/is not what was/.test(why)) this.#fail(why);
    this.#struck.refused();
    return false;
  }

  /** What is there after the power went once more. */
  async #look(): Promise<void> {
    const folders = badStates(this.#disk, DIRECTORY, healthy, new Set());
    await this.#open(folders);
    for (const name of ["state.next", "state.old"]) if (folders.exists(name)) this.#fail(`${name} is left`);
    const aside = badStates(this.#disk, OUTSIDE, healthy, new Set());
    if (!this.#aside && !aside.exists(ASIDE)) return;
    const store = await aside.open(ASIDE);
    if ((await imageOf(store)) !== this.#height(LAST - 1).image) this.#fail("what was put aside is not whole");
  }

  #height(index: number): Height {
    const height = this.#world.heights[index];
    if (height === undefined) throw new RangeError(`no height ${index}`);
    return height;
  }

  #fail(why: string): void {
    this.#failure ??= why;
  }
}
