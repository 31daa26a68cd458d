import { PoolLog } from "@tributary/chain/pool/pool-log";
import type { BadDisk, Life } from "./bad-disk.ts";
import { codeOf } from "./crash-member.ts";
import type { CrashReport, Strike } from "./crash-run.ts";
import { StruckDisk } from "./struck-disk.ts";

const PATH = "/pool/pool.log";
/** Transactions that wait to the end, each followed by one that is executed at once and lies in the log as dead bytes. */
const TRANSACTIONS = 7;
const DEAD_BYTES = 1_200_000;
const MAX_FAILURES = 4;
const none = (): void => undefined;

/** Clients of one pool whose log is on a bad disk: what was acknowledged once is there after every start. */
export class PoolRun {
  readonly #strike: Strike | undefined;
  readonly #struck: StruckDisk;
  readonly #disk: BadDisk;
  readonly #acknowledged = new Set<number>();
  readonly #failures: string[] = [];
  #life = 0;
  #stopped: () => void = none;
  #failure: string | undefined;

  constructor(seed: number, strike: Strike | undefined) {
    this.#strike = strike;
    this.#struck = new StruckDisk(seed, strike);
    this.#disk = this.#struck.disk;
    this.#struck.arm();
  }

  async play(): Promise<CrashReport> {
    while (this.#failure === undefined && this.#acknowledged.size < TRANSACTIONS) {
      const stopped = new Promise<void>((resolve) => {
        this.#stopped = resolve;
      });
      await Promise.race([stopped, this.#live().catch((error: unknown) => this.#refused(error))]);
    }
    const operations = this.#disk.operations.slice();
    this.#disk.faults.clear();
    this.#life += 1;
    this.#disk.crash("lost");
    if (this.#failure === undefined) await this.#open().catch((error: unknown) => this.#refused(error));
    const [failure, failures, crashes] = [this.#failure, this.#failures, this.#struck.crashes];
    return { failure, operations, sends: this.#struck.sends, crashes, failures, height: 0, steps: 0 };
  }

  /** One process: its clients send what has no answer yet. */
  async #live(): Promise<void> {
    const { log, known, alive } = await this.#open();
    for (let byte = 1; byte <= TRANSACTIONS; byte++) {
      if (this.#acknowledged.has(byte)) continue;
      // A pool that holds it answers so without another write.
      if (!known.has(byte)) await log.append({ raw: Uint8Array.of(byte), age: 0 });
      if (!alive()) return;
      this.#acknowledged.add(byte);
      this.#answered();
      if (alive()) await log.append({ raw: new Uint8Array(DEAD_BYTES), age: 0 });
      if (!alive()) return;
    }
    await log.close();
  }

  async #open(): Promise<{
    readonly log: PoolLog;
    readonly known: ReadonlySet<number>;
    readonly alive: () => boolean;
  }> {
    const number = this.#life;
    const alive = (): boolean => this.#life === number;
    const later: Life["later"] = (run) => setImmediate(() => (alive() ? run() : undefined));
    const files = this.#disk.folder("pool", { alive, stop: () => this.#crash(), later });
    const waiting = (): { readonly raw: Uint8Array; readonly age: number }[] =>
      [...this.#acknowledged].map((byte) => ({ raw: Uint8Array.of(byte), age: 1 }));
    const { log, records } = await PoolLog.open(PATH, waiting, files);
    const known = new Set(records.filter(({ raw }) => raw.length === 1).map(({ raw }) => raw[0] ?? 0));
    for (const byte of this.#acknowledged) if (!known.has(byte)) this.#failure ??= `acknowledged ${byte} is lost`;
    return { log, known, alive };
  }

  #answered(): void {
    if (this.#struck.sent()) this.#crash();
  }

  #crash(): void {
    this.#life += 1;
    this.#struck.crash();
    this.#stopped();
  }

  /** The log said that it cannot; the clients come again when there is room, in a process that opens it anew. */
  #refused(error: unknown): void {
    this.#failures.push(codeOf(error));
    if (this.#strike === undefined || this.#failures.length > MAX_FAILURES) {
      this.#failure ??= `does not go on: ${this.#failures.join(", ")}`;
    }
    this.#life += 1;
    this.#struck.refused();
  }
}
