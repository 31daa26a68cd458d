import { MemberDriver } from "@tributary/node/consensus/driver";
import type { DriverEvent } from "@tributary/node/consensus/driver-event";
import type { DriverStatus } from "@tributary/node/consensus/member-status";
import type { Channel, Clock, MainchainView } from "@tributary/node/consensus/ports";
import { SegmentLog } from "@tributary/node/log/segment-log";
import { FileSlotJournal } from "@tributary/node/vault/slot-journal";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { type IdealCrypto, SimulatedVerifier, simulatedSigner } from "../network/ideal-crypto.ts";
import type { SimulatedMesh, Station } from "../network/simulated-mesh.ts";
import { toyConfig } from "../network/toy-config.ts";
import { ToyExecutor, ToyState } from "../network/toy-executor.ts";
import { PoolDisk, ToyPool } from "../network/toy-pool.ts";
import { toyBodyRules } from "../network/toy-transaction.ts";
import { MemberClock, type VirtualClock } from "../network/virtual-clock.ts";
import { type BadDisk, type Life, Stopped } from "./bad-disk.ts";
import { DiskContainerStore, durableExecutor, restoreState } from "./disk-stores.ts";

const VERIFY_MS = 1;
const EXECUTE_MS = 2;
/** Milliseconds between a failure that a member reports and its next start by the host. */
const PAUSE_MS = 400;

export type CrashWorld = {
  readonly seat: number;
  readonly members: number;
  readonly clock: VirtualClock;
  readonly cryptoOf: (epoch: number) => IdealCrypto;
  readonly mesh: SimulatedMesh;
  readonly mainchain: MainchainView;
  readonly disk: BadDisk;
  /** Milliseconds that the disk takes for one operation. */
  readonly diskMs: () => number;
  /** Claims to hold so many bytes in the log for each, so that a short run sees new segments. */
  readonly logInflation: number;
  /** Called before a message leaves. False: the process stops there. */
  readonly sending: (to: number, bytes: Uint8Array) => boolean;
  readonly event: (event: DriverEvent) => void;
  readonly committed: (transactions: readonly OrderedTransaction[]) => void;
  /** The process is gone, by a crash or because the member could not go on. */
  readonly down: (why: "crashed" | "failed") => void;
};

type Files = {
  log: SegmentLog;
  readonly journal: FileSlotJournal;
  readonly state: SegmentLog;
  readonly store: SegmentLog;
};

/** One member whose files lie on a bad disk: the shipped driver, input log and slot journal, over all its lives. */
export class CrashMember implements Station {
  readonly #world: CrashWorld;
  readonly #poolDisk = new PoolDisk();
  #driver: MemberDriver | undefined;
  #pool: ToyPool | undefined;
  #state = new ToyState();
  /** Of the newest life. */
  containers: DiskContainerStore | undefined;
  #life = 0;
  /** Something of this member ran since `quiet` was asked: its promises may have more to do. */
  #touched = false;
  #epoch = 1;
  readonly #up = new Set<number>();
  /** Codes with which a life ended by itself. */
  readonly failures: string[] = [];

  constructor(world: CrashWorld) {
    this.#world = world;
  }

  get seat(): number {
    return this.#world.seat;
  }

  get alive(): boolean {
    return this.#driver !== undefined;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get committed(): number {
    return this.#state.committed.height;
  }

  get block(): HexHash {
    return this.#state.committed.block;
  }

  status(): DriverStatus | undefined {
    return this.#driver?.status();
  }

  /** Lets the promises of this member run as far as they come at the present moment. */
  async quiet(): Promise<void> {
    while (this.#touched) {
      this.#touched = false;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  start(): void {
    if (this.#driver !== undefined) return;
    this.#touched = true;
    this.#life += 1;
    const number = this.#life;
    const clock = this.#clock(number);
    const life: Life = {
      alive: () => this.#life === number,
      stop: () => this.crash(),
      later: (run) => clock.after(this.#world.diskMs(), run),
    };
    try {
      this.#open(life, clock);
    } catch (error) {
      if (error instanceof Stopped) return;
      this.failures.push(codeOf(error));
      this.#end("failed");
    }
  }

  /** The process is gone at this very moment; the disk is not touched. */
  crash(): void {
    this.#end("crashed");
  }

  submit(raw: Uint8Array): void {
    this.#touched = true;
    this.#pool?.submit(raw);
  }

  receive(from: number, channel: Channel, bytes: Uint8Array): void {
    this.#touched = true;
    this.#driver?.receive(from, channel, bytes);
  }

  peerUp(seat: number): void {
    this.#touched = true;
    this.#up.add(seat);
    this.#driver?.peerUp(seat);
  }

  peerDown(seat: number): void {
    this.#touched = true;
    this.#up.delete(seat);
    this.#driver?.peerDown(seat);
  }

  /** Like the host's member: the stores first, whose content is durable once they are open, then the driver. */
  #open(life: Life, clock: Clock): void {
    const { disk } = this.#world;
    let files: Files | undefined;
    let over = false;
    const failed = (error: Error): void => {
      if (over || !life.alive()) return;
      over = true;
      this.#fail(error, files);
    };
    const segments = (folder: string): SegmentLog => SegmentLog.open(disk.folder(folder, life), failed);
    const store = segments("containers");
    const journal = FileSlotJournal.open(disk.folder("journal", life), failed);
    const containers = new DiskContainerStore(store);
    this.containers = containers;
    this.#epoch = this.#lastEpoch(life, containers);
    const openLog = (epoch: number): SegmentLog => segments(logFolder(epoch));
    const opened: Files = { log: openLog(this.#epoch), journal, state: segments("state"), store };
    files = opened;
    this.#state = new ToyState();
    restoreState(this.#state, opened.state);
    /** As the host's member does it: the old log is closed, then the next one begins. */
    const next = (epoch: number, first: number): void => {
      this.#driver?.stop();
      const { log } = opened;
      log.close().then(() => {
        this.#touched = true;
        if (!life.alive() || over) return;
        this.#epoch = epoch;
        try {
          opened.log = openLog(epoch);
          this.#run(opened, containers, life, clock, next, first);
        } catch (error) {
          if (!(error instanceof Stopped)) failed(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        for (const seat of this.#up) this.#driver?.peerUp(seat);
      }, failed);
    };
    store.flush(() =>
      opened.state.flush(() => {
        this.#run(opened, containers, life, clock, next);
        if (life.alive()) this.#world.mesh.join(this.seat, this);
      }),
    );
  }

  /** Like the host: a log that was begun counts, though nothing of its epoch is in the store yet. */
  #lastEpoch(life: Life, containers: DiskContainerStore): number {
    const newest = this.#world.mesh.message(containers.container(containers.highestContainer) ?? new Uint8Array(0));
    const stored = newest?.kind === "container" ? newest.header.epoch : 1;
    const begun = this.#world.disk.folder(logFolder(2), life).list().length > 0 ? 2 : 1;
    return Math.max(stored, begun);
  }

  #run(
    { log, journal, state }: Files,
    store: DiskContainerStore,
    life: Life,
    clock: Clock,
    next: (epoch: number, first: number) => void,
    first?: number,
  ): void {
    if (!life.alive()) return;
    const { seat, members, cryptoOf, mainchain, logInflation } = this.#world;
    const epoch = this.#epoch;
    const crypto = cryptoOf(epoch);
    const firstHeight = first ?? (epoch === 1 ? 1 : store.highestContainer + 1);
    const inner = new ToyExecutor(this.#state, clock, () => EXECUTE_MS);
    this.#pool = new ToyPool(
      this.#poolDisk,
      (sender) => inner.nonceOf(sender),
      (transactions) => this.#world.committed(transactions),
    );
    const driver = new MemberDriver(
      { ...toyConfig(seat, members, epoch), firstHeight },
      {
        mesh: { send: (to, channel, bytes) => this.#send(life, to, channel, bytes) },
        clock,
        log: inflated(log, logInflation),
        journal,
        signer: simulatedSigner(crypto, seat),
        verifier: new SimulatedVerifier(crypto, clock, () => VERIFY_MS),
        executor: durableExecutor(inner, this.#state, state),
        bodies: toyBodyRules,
        pool: this.#pool,
        mainchain,
        store,
        observer: {
          event: (event) => {
            this.#world.event(event);
            if (event.kind === "over" && life.alive() && this.#driver === driver) next(event.epoch, event.first);
          },
        },
      },
    );
    this.#driver = driver;
    driver.start();
  }

  #send(life: Life, to: number, channel: Channel, bytes: Uint8Array): void {
    if (!life.alive()) return;
    const goesOn = this.#world.sending(to, bytes);
    this.#world.mesh.send(this.seat, to, channel, bytes);
    if (!goesOn) this.crash();
  }

  /** The disk refused: the member says so, closes what it can, and the host starts it again after a while. */
  #fail(error: Error, files: Files | undefined): void {
    this.failures.push(codeOf(error));
    const life = this.#life;
    this.#silence();
    if (files !== undefined) {
      closeAll(files).catch((cause: unknown) => this.failures.push(`close: ${codeOf(cause)}`));
    }
    // On the clock of the world: the life that failed is still closing its files.
    this.#world.clock.after(PAUSE_MS, () => {
      if (this.#life === life) this.#end("failed");
    });
  }

  #silence(): void {
    this.#driver?.stop();
    this.#driver = undefined;
    this.#pool = undefined;
    this.#up.clear();
    this.#world.mesh.leave(this.seat);
  }

  #end(why: "crashed" | "failed"): void {
    this.#silence();
    this.#life += 1;
    this.#world.down(why);
  }

  #clock(number: number): Clock {
    const clock = new MemberClock(
      this.#world.clock,
      () => 0,
      () => this.#life === number,
    );
    return {
      now: () => clock.now(),
      time: () => clock.time(),
      after: (milliseconds, callback) =>
        clock.after(milliseconds, () => {
          this.#touched = true;
          callback();
        }),
    };
  }
}

async function closeAll({ log, journal, state, store }: Files): Promise<void> {
  for (const file of [log, journal, state, store]) await file.close();
}

function logFolder(epoch: number): string {
  return epoch === 1 ? "log" : `log-${epoch}`;
}

/** The log with more bytes in it than there are. */
function inflated(log: SegmentLog, factor: number): SegmentLog {
  return new Proxy(log, {
    get(target, property) {
      if (property === "bytes") return target.bytes * factor;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

export function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
