import type { DriverEvent } from "@tributary/node/consensus/driver-event";
import { FileSlotJournal } from "@tributary/node/vault/slot-journal";
import { segmentsRoot } from "@tributary/protocol/container/container-body";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { Random } from "../agreement/random.ts";
import { IdealCrypto } from "../network/ideal-crypto.ts";
import { Ledger } from "../network/ledger.ts";
import { type NetworkName, NetworkScheduler } from "../network/network-scheduler.ts";
import { Oracle, Violation } from "../network/oracle.ts";
import { simulatedMainchain } from "../network/simulated-mainchain.ts";
import { SimulatedMember } from "../network/simulated-member.ts";
import { SimulatedMesh } from "../network/simulated-mesh.ts";
import { toyConfig } from "../network/toy-config.ts";
import { TOY_CAPACITY } from "../network/toy-executor.ts";
import { decodeToyTransaction, TOY_CHAIN, toyTransaction } from "../network/toy-transaction.ts";
import { VirtualClock } from "../network/virtual-clock.ts";
import { BadDisk, type Fault, type Operation } from "./bad-disk.ts";
import { boundSlots } from "./bound-slots.ts";
import { CrashMember } from "./crash-member.ts";
import type { Loss } from "./pending.ts";

/** Where one fault strikes: at a disk operation of the victim, or right after one of its messages. */
export type Point = { readonly at: "operation" | "send"; readonly index: number };

export type Strike = {
  readonly point: Point;
  readonly fault: Fault;
  /** What a crash does to everything unsynced. */
  readonly loss: Loss;
  /** A second crash after so many operations of the next life, with power loss. */
  readonly again?: number;
};

export type RunOptions = {
  readonly seed: number;
  readonly heights: number;
  readonly network: NetworkName;
  readonly strike?: Strike;
  /** A second epoch becomes ready in the middle, with shares of its own; the run ends in it. */
  readonly handover?: boolean;
};

export type CrashReport = {
  readonly failure: string | undefined;
  /** Of the victim until it had committed the heights. */
  readonly operations: readonly Operation[];
  readonly sends: number;
  readonly crashes: number;
  /** Codes with which the victim said that it could not go on. */
  readonly failures: readonly string[];
  readonly height: number;
  readonly steps: number;
};

const MEMBERS = 4;
const RESTART_MS = 300;
/** One fault and what closing the files after it may add. */
const MAX_FAILURES = 3;
const BUDGET = 40_000;
/** Mainchain block that holds READY of the second epoch. */
const READY_BLOCK = 1;
/** Milliseconds between transactions where an epoch has to be brought to its end. */
const STEADY_MS = 90;
/** Operations after the first short one at which the process stops, so that a start reads what was written in parts. */
const STOP_AFTER_SHORT = 9;
/** Bytes of the victim's log count so often that segments change in a run of a few heights. */
const INFLATION = 100_000;

/** One seeded run of four members, one of them on a bad disk. */
export class CrashRun {
  readonly #options: RunOptions;
  readonly #clock = new VirtualClock();
  readonly #oracle = new Oracle();
  readonly #ledger = new Ledger();
  readonly #mesh: SimulatedMesh;
  readonly #disk: BadDisk;
  readonly #others: SimulatedMember[] = [];
  readonly #victim: CrashMember;
  readonly #recorded = new WeakSet<Uint8Array>();
  #heard: readonly OrderedTransaction[] = [];
  #failure: string | undefined;
  #sends = 0;
  #crashes = 0;
  #downs = 0;
  /** Messages that bind the victim, since it started last. */
  #bound = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    const random = new Random(options.seed);
    const cryptos = [1, 2].map((epoch) => new IdealCrypto(MEMBERS, options.seed, epoch));
    const cryptoOf = (epoch: number): IdealCrypto =>
      cryptos[epoch - 1] ?? new IdealCrypto(MEMBERS, options.seed, epoch);
    const scheduler = new NetworkScheduler(MEMBERS, 1, random, options.network);
    this.#mesh = new SimulatedMesh(this.#clock, scheduler, { members: MEMBERS, containerBytes: TOY_CAPACITY.bytes });
    // Its own luck, so that what the disk loses does not change what the network does before.
    this.#disk = new BadDisk(new Random(options.seed + 1_000_003 * (options.strike?.point.index ?? 0)));
    const seat = random.below(MEMBERS);
    const ready = options.handover === true ? [{ era: 1, epoch: 2, block: READY_BLOCK }] : [];
    const mainchain = simulatedMainchain(() => this.#clock.elapsed, 0, ready);
    for (let other = 0; other < MEMBERS; other++) {
      if (other !== seat) this.#others.push(this.#healthy(other, cryptoOf, mainchain));
    }
    this.#victim = new CrashMember({
      seat,
      members: MEMBERS,
      clock: this.#clock,
      cryptoOf,
      mesh: this.#mesh,
      mainchain,
      disk: this.#disk,
      diskMs: () => 1 + random.fraction(),
      logInflation: INFLATION,
      sending: (to, bytes) => this.#sending(to, bytes),
      event: (event) => this.#onEvent(seat, event),
      committed: (transactions) => {
        this.#heard = transactions;
      },
      down: (why) => this.#down(why),
    });
    const { strike } = options;
    if (strike?.point.at === "operation") this.#disk.faults.set(strike.point.index, strike.fault);
    if (strike?.fault.kind === "short") {
      this.#disk.faults.set(strike.point.index + STOP_AFTER_SHORT, { kind: "stop", when: "after" });
    }
  }

  async play(): Promise<CrashReport> {
    for (const member of this.#others) member.start();
    this.#victim.start();
    this.#clock.after(30, () => this.#submit(1));
    this.#clock.after(60, () => this.#submit(2));
    if (this.#options.handover === true) this.#clock.after(90, () => this.#keepOn(4));
    const goal = this.#options.heights;
    const last = this.#options.handover === true ? 2 : 1;
    const reached = (): boolean => this.#victim.committed >= goal && this.#victim.epoch === last;
    await this.#until(() => reached() || this.#downs > 0);
    const operations = this.#disk.operations.slice();
    const sends = this.#sends;
    if (this.#options.strike !== undefined) {
      this.#clock.after(RESTART_MS, () => this.#submit(3));
      await this.#until(() => reached() && this.#recovered(goal));
      this.#compare();
    }
    const { failures, committed: height } = this.#victim;
    const steps = this.#clock.steps;
    return { failure: this.#failure, operations, sends, crashes: this.#crashes, failures, height, steps };
  }

  async #until(reached: () => boolean): Promise<void> {
    await this.#victim.quiet();
    while (this.#failure === undefined && !reached()) {
      if (this.#clock.steps > BUDGET) this.#violate(`no end: ${this.#standing()}`);
      if (!this.#clock.step()) this.#violate("nothing left to happen");
      await this.#victim.quiet();
    }
  }

  /** Struck, up again, everywhere the same and further than before, and the victim takes part. */
  #recovered(goal: number): boolean {
    if (this.#downs === 0 || !this.#victim.alive || this.#victim.committed < goal || this.#bound === 0) return false;
    if (this.#oracle.outstanding > 0 || this.#oracle.acknowledgedCount < 3) return false;
    return this.#others.every(({ committed }) => committed >= this.#oracle.lastNeeded && committed >= goal);
  }

  /** A transaction now and then until everybody is in the second epoch: an idle chain takes ten seconds for a height. */
  #keepOn(sender: number): void {
    if (this.#others.every(({ epoch }) => epoch === 2) && this.#victim.epoch === 2 && sender > 12) return;
    this.#submit(sender);
    this.#clock.after(STEADY_MS, () => this.#keepOn(sender + 1));
  }

  #healthy(
    seat: number,
    cryptoOf: (epoch: number) => IdealCrypto,
    mainchain: ReturnType<typeof simulatedMainchain>,
  ): SimulatedMember {
    const none = (): number => 0;
    return new SimulatedMember({
      seat,
      configOf: ({ epoch }) => toyConfig(seat, MEMBERS, epoch),
      clock: this.#clock,
      skew: 0,
      cryptoOf: ({ epoch }) => cryptoOf(epoch),
      mesh: this.#mesh,
      latencies: { log: none, journal: none, store: none, verify: none, execute: none },
      logInflation: 1,
      mainchain,
      outgoing: {
        send: (to, channel, bytes) => {
          this.#record(seat, bytes);
          this.#mesh.send(seat, to, channel, bytes);
        },
      },
      event: (event) => this.#onEvent(seat, event),
      committed: (transactions) => {
        this.#heard = transactions;
      },
    });
  }

  /** Half of the clients are the victim's. */
  #submit(sender: number): void {
    const raw = toyTransaction(sender, 0, 21, sender);
    const member = sender % 2 === 0 && this.#victim.alive ? this.#victim : this.#others[sender % 3];
    this.#oracle.acknowledged(decodeToyTransaction(raw)?.hash ?? "");
    member?.submit(raw);
  }

  #sending(_to: number, bytes: Uint8Array): boolean {
    const index = this.#sends++;
    if (!this.#recorded.has(bytes)) {
      this.#record(this.#victim.seat, bytes);
      this.#checkDurable(bytes);
    }
    const { strike } = this.#options;
    if (strike?.point.at !== "send" || strike.point.index !== index) return true;
    return false;
  }

  #record(seat: number, bytes: Uint8Array): undefined {
    if (this.#recorded.has(bytes)) return undefined;
    this.#recorded.add(bytes);
    const message = this.#mesh.message(bytes);
    if (message === undefined) return this.#violate(`member ${seat} sent what nobody can read`);
    if (seat === this.#victim.seat && boundSlots(message).length > 0) this.#bound += 1;
    const contradiction = this.#ledger.record(seat, message);
    return contradiction === undefined ? undefined : this.#violate(contradiction);
  }

  /** What binds is locked on the platter before it leaves. consensus.md 11. */
  #checkDurable(bytes: Uint8Array): void {
    const message = this.#mesh.message(bytes);
    if (message === undefined) return;
    const slots = boundSlots(message);
    if (slots.length === 0) return;
    const journal = FileSlotJournal.open(this.#disk.durable("journal"), () => {});
    for (const slot of slots) {
      // A free slot takes any value.
      if (journal.lock(slot, "0xff")) this.#violate(`${slot} left before its lock was on disk`);
    }
  }

  #down(why: "crashed" | "failed"): undefined {
    const { strike } = this.#options;
    if (strike === undefined) return this.#violate(`the victim ${why} by itself: ${this.#victim.failures.join(", ")}`);
    this.#bound = 0;
    const first = this.#downs === 0;
    this.#downs += 1;
    if (why === "crashed") {
      this.#crashes += 1;
      this.#disk.crash(first ? strike.loss : "lost");
    } else if (this.#victim.failures.length > MAX_FAILURES) {
      return this.#violate(`does not come up again: ${this.#victim.failures.join(", ")}`);
    }
    if (first && strike.again !== undefined) {
      const at = this.#disk.operations.length + strike.again;
      this.#disk.faults.set(at, { kind: "stop", when: "before" });
    }
    this.#disk.makeRoom();
    this.#clock.after(RESTART_MS, () => this.#victim.start());
    return undefined;
  }

  #onEvent(seat: number, event: DriverEvent): void {
    try {
      this.#judge(seat, event);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#violate(error.message);
    }
  }

  #judge(seat: number, event: DriverEvent): void {
    switch (event.kind) {
      case "ordered":
        this.#oracle.ordered(seat, 1, event.height, event.digest);
        break;
      case "committed":
        this.#oracle.committed(seat, event.height, event.hash);
        this.#oracle.contents(event.height, this.#heard);
        if (seat === this.#victim.seat) this.#checkHeader(event.height);
        break;
      case "halted":
        throw new Violation(`member ${seat} halted at ${event.height}: ${event.reason}`);
      case "refused":
        throw new Violation(`the journal of member ${seat} refused ${event.slot} = ${event.value}`);
      case "evidence":
        throw new Violation(`evidence of ${event.fault} against the honest member ${event.from}`);
      default:
    }
  }

  /** The certified header commits to the state that execution gave here. */
  #checkHeader(height: number): void {
    const message = this.#mesh.message(this.#victim.containers?.container(height) ?? new Uint8Array(0));
    if (message?.kind !== "container") throw new Violation(`the victim did not store container ${height}`);
    const segments = [{ chainId: TOY_CHAIN, blockNumber: height, blockHash: this.#victim.block }];
    if (message.header.segmentsRoot !== segmentsRoot(segments)) {
      throw new Violation(`header ${height} of the victim says nothing of its state`);
    }
  }

  /** The victim's chain is the others' chain. */
  #compare(): undefined {
    for (let height = 1; height <= this.#victim.committed; height++) {
      const own = this.#mesh.message(this.#victim.containers?.container(height) ?? new Uint8Array(0));
      for (const other of this.#others) {
        const bytes = other.store.container(height);
        if (bytes === undefined) continue;
        const theirs = this.#mesh.message(bytes);
        if (own?.kind !== "container" || theirs?.kind !== "container") {
          return this.#violate(`container ${height} is missing in the store`);
        }
        if (own.header.bodyRoot !== theirs.header.bodyRoot || own.header.segmentsRoot !== theirs.header.segmentsRoot) {
          return this.#violate(`container ${height} of the victim is not that of member ${other.seat}`);
        }
      }
    }
    return undefined;
  }

  #violate(failure: string): undefined {
    this.#failure ??= failure;
    return undefined;
  }

  #standing(): string {
    const { alive, committed, failures } = this.#victim;
    const others = this.#others.map((member) => `${member.seat}:${member.committed}`).join(" ");
    const status = JSON.stringify(this.#victim.status());
    const { outstanding } = this.#oracle;
    return `victim ${this.#victim.seat} ${alive ? "up" : "down"} at ${committed} (${status}), others ${others}, ${outstanding} outstanding, said ${failures.join(", ")}`;
  }
}
