import { MemberDriver } from "@tributary/node/consensus/driver";
import type { DriverEvent } from "@tributary/node/consensus/driver-event";
import type { MemberConfig } from "@tributary/node/consensus/member-config";
import type { EraEnding } from "@tributary/node/consensus/member-context";
import type { DriverStatus } from "@tributary/node/consensus/member-status";
import type { Channel, MainchainView, Mesh } from "@tributary/node/consensus/ports";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { NO_SEAT } from "@tributary/protocol/ports/member-host";
import type { RecoveryClaims } from "@tributary/protocol/ports/recovery-host";
import { Durability, type Latency, MemoryJournal, MemoryLog, MemoryStore } from "./disk.ts";
import { type Check, type IdealCrypto, SimulatedVerifier, simulatedSigner } from "./ideal-crypto.ts";
import type { SimulatedMesh, Station } from "./simulated-mesh.ts";
import { recoveredEpoch } from "./toy-config.ts";
import { ToyExecutor, ToyState } from "./toy-executor.ts";
import { PoolDisk, ToyPool } from "./toy-pool.ts";
import { toyBodyRules } from "./toy-transaction.ts";
import { MemberClock, type VirtualClock } from "./virtual-clock.ts";

/** Milliseconds until a member that starts again has read the mainchain. */
const READING_MS = 300;

export type Latencies = {
  readonly log: Latency;
  readonly journal: Latency;
  readonly store: Latency;
  readonly verify: (what: Check) => number;
  readonly execute: Latency;
};

/** Which driver runs: eras count first, and each counts its epochs anew. */
export type Term = { readonly era: number; readonly epoch: number };

const FIRST_TERM: Term = { era: 1, epoch: 1 };

export type MemberWorld = {
  readonly seat: number;
  readonly configOf: (term: Term) => MemberConfig;
  readonly clock: VirtualClock;
  /** Milliseconds by which the member's time of day is off at first. */
  readonly skew: number;
  readonly cryptoOf: (term: Term) => IdealCrypto;
  /** How an era ended, once this member's mainchain shows it. */
  readonly ending?: (era: number) => EraEnding | undefined;
  readonly mesh: SimulatedMesh;
  readonly latencies: Latencies;
  readonly logInflation: number;
  readonly mainchain: MainchainView;
  /** What the driver sends goes here. */
  readonly outgoing: Mesh;
  /** Told of each signature; it costs no time by itself. */
  readonly signed?: (by: "node" | "share") => void;
  readonly event: (event: DriverEvent) => void;
  readonly committed: (transactions: readonly OrderedTransaction[]) => void;
};

/** One member with its disk, over all its lives. */
export class SimulatedMember implements Station {
  readonly #world: MemberWorld;
  readonly #durability: readonly [Durability, Durability, Durability];
  /** By term, those that were begun. */
  readonly #logs = new Map<string, { readonly term: Term; readonly log: MemoryLog }>();
  readonly #journal: MemoryJournal;
  readonly store: MemoryStore;
  readonly #state = new ToyState();
  readonly #poolDisk = new PoolDisk();
  #driver: MemberDriver | undefined;
  #pool: ToyPool | undefined;
  #life = 0;
  #term = FIRST_TERM;
  /** Its disk and its shares of eras up to this one were destroyed: until the next one it follows. */
  #destroyedIn = 0;
  readonly #up = new Set<number>();
  #skew: number;

  constructor(world: MemberWorld) {
    this.#world = world;
    this.#skew = world.skew;
    const { log, journal, store } = world.latencies;
    this.#durability = [new Durability(log), new Durability(journal), new Durability(store)];
    this.#journal = new MemoryJournal(this.#durability[1]);
    this.store = new MemoryStore(this.#durability[2]);
  }

  get seat(): number {
    return this.#world.seat;
  }

  get alive(): boolean {
    return this.#driver !== undefined;
  }

  /** Highest committed height; survives crashes. */
  get committed(): number {
    return this.#state.committed.height;
  }

  /** Hash of the newest committed block. */
  get block(): HexHash {
    return this.#state.committed.block;
  }

  status(): DriverStatus | undefined {
    return this.#driver?.status();
  }

  /** The member's time of day jumps by so many milliseconds. */
  moveClock(milliseconds: number): void {
    this.#skew += milliseconds;
  }

  start(): void {
    if (this.#driver !== undefined) return;
    for (const [name, { log }] of this.#logs) if (log.segments === 0) this.#logs.delete(name);
    // A log that the disk lost: the term of the newest container, which is not below the others.
    const terms = [...this.#logs.values()].map(({ term }) => term);
    this.#term = [this.#storedTerm(), ...terms].reduce(later);
    this.#begin(this.#term);
    this.#world.mesh.join(this.seat, this);
  }

  #storedTerm(): Term {
    const bytes = this.store.container(this.store.highestContainer);
    const message = bytes === undefined ? undefined : this.#world.mesh.message(bytes);
    if (message?.kind !== "container") return FIRST_TERM;
    const { header, certificateEra: era } = message;
    return { era, epoch: header.era === era ? header.epoch : recoveredEpoch(era) };
  }

  #begin(term: Term, first?: number): void {
    const { latencies, mainchain, outgoing, ending } = this.#world;
    const { era, epoch } = term;
    const known = this.#world.configOf(term);
    const named = known.inherited !== undefined || (era === 1 && epoch === 1);
    const begins = first ?? (named ? known.firstHeight : this.store.highestContainer + 1);
    const seat = era <= this.#destroyedIn ? NO_SEAT : known.seat;
    const config = { ...known, firstHeight: begins, seat };
    const crypto = this.#world.cryptoOf(term);
    const log = this.#logs.get(nameOf(term))?.log ?? new MemoryLog(this.#durability[0], this.#world.logInflation);
    this.#logs.set(nameOf(term), { term, log });
    this.#life += 1;
    const life = this.#life;
    const clock = new MemberClock(
      this.#world.clock,
      () => this.#skew,
      () => this.#life === life,
    );
    for (const durability of this.#durability) durability.attach(clock);
    const executor = new ToyExecutor(this.#state, clock, latencies.execute);
    // A node that starts again has the mainchain to read again.
    let read = life === 1;
    clock.after(READING_MS, () => {
      read = true;
    });
    const watched: MainchainView = {
      ...mainchain,
      forks: (group) => (read ? mainchain.forks(group) : { entries: [], through: 0 }),
    };
    const pool = new ToyPool(
      this.#poolDisk,
      (sender) => executor.nonceOf(sender),
      (transactions) => this.#world.committed(transactions),
    );
    this.#pool = pool;
    this.#driver = new MemberDriver(config, {
      mesh: outgoing,
      clock,
      log,
      journal: this.#journal,
      signer: simulatedSigner(crypto, config.seat, this.#world.signed),
      verifier: new SimulatedVerifier(crypto, clock, latencies.verify),
      executor,
      bodies: toyBodyRules,
      pool,
      mainchain: watched,
      before: (old) => new SimulatedVerifier(this.#world.cryptoOf({ era: old, epoch: 1 }), clock, latencies.verify),
      ...(ending === undefined ? {} : { ending: () => ending(era) }),
      store: this.store,
      observer: {
        event: (event) => {
          this.#world.event(event);
          if (event.kind === "over" && this.#life === life) this.#turnOver(event, event.first);
        },
      },
    });
    this.#driver.start();
  }

  /** The old epoch's driver ends, the next one's begins; links stay. */
  #turnOver({ era, epoch }: Term, first: number): void {
    this.#driver?.stop();
    this.#term = { era, epoch };
    this.#begin(this.#term, first);
    for (const seat of this.#up) this.#driver?.peerUp(seat);
  }

  get era(): number {
    return this.#term.era;
  }

  get epoch(): number {
    return this.#term.epoch;
  }

  /** What it can post in a Recovery, durable when this calls back. */
  claims(done: (claims: RecoveryClaims) => void): void {
    this.#driver?.claims(this.#term.era, done);
  }

  /**
   * While it is down: disk, journal and its shares of eras up to this one are gone. Transactions that it acknowledged are
   * not: they lie elsewhere.
   */
  destroy(era: number): void {
    this.#logs.clear();
    this.#journal.destroy();
    this.store.lose();
    this.#state.lose();
    this.#destroyedIn = era;
    this.#term = FIRST_TERM;
  }

  /** The process is killed: what no flush covered is gone. */
  crash(): void {
    if (this.#driver === undefined) return;
    this.#driver.stop();
    this.#driver = undefined;
    this.#pool = undefined;
    this.#life += 1;
    this.#world.mesh.leave(this.seat);
    this.#up.clear();
    for (const { log } of this.#logs.values()) log.crash();
    this.#journal.crash();
    this.store.crash();
  }

  /** The disk cuts the log short while the member is down. */
  truncateLog(): void {
    this.#logs.get(nameOf(this.#term))?.log.truncate();
  }

  /** Disks break while the member is down: its record of what it said is gone, perhaps its log too. Its vault is not. */
  loseMemory(log: boolean): void {
    this.#journal.lose();
    if (log) for (const { log: kept } of this.#logs.values()) kept.lose();
  }

  /** A client's transaction; acknowledged when this returns. */
  submit(raw: Uint8Array): void {
    this.#pool?.submit(raw);
  }

  receive(from: number, channel: Channel, bytes: Uint8Array): void {
    this.#driver?.receive(from, channel, bytes);
  }

  peerUp(seat: number): void {
    this.#up.add(seat);
    this.#driver?.peerUp(seat);
  }

  peerDown(seat: number): void {
    this.#up.delete(seat);
    this.#driver?.peerDown(seat);
  }
}

function nameOf({ era, epoch }: Term): string {
  return `${era}.${epoch}`;
}

function later(a: Term, b: Term): Term {
  return b.era > a.era || (b.era === a.era && b.epoch > a.epoch) ? b : a;
}
