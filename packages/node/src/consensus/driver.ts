import { equal } from "@tributary/protocol/bytes/bytes";
import { Consensus } from "@tributary/protocol/consensus/consensus";
import { RESYNC_MS } from "@tributary/protocol/consensus/parameters";
import type { Height, Order, Seat } from "@tributary/protocol/consensus/types";
import type { RecoveryClaims } from "@tributary/protocol/ports/recovery-host";
import { beaconOf, decode } from "@tributary/protocol/wire/index";
import { Amnesia } from "./amnesia.ts";
import { Assignment, assigningHeight } from "./assignment.ts";
import { Availability } from "./availability.ts";
import { Bodies } from "./bodies.ts";
import { Border } from "./border.ts";
import { CatchUp } from "./catch-up.ts";
import { ClaimSource } from "./claims.ts";
import { Coins } from "./coins.ts";
import { Dispatch } from "./dispatch.ts";
import { Evidence } from "./evidence.ts";
import { Execution } from "./execution.ts";
import { Finality } from "./finality.ts";
import { Freeze } from "./freeze.ts";
import { Inheritance } from "./inheritance.ts";
import type { Committed } from "./layer.ts";
import type { LogRecord } from "./log-record.ts";
import { LogSegments } from "./log-segments.ts";
import type { MemberConfig } from "./member-config.ts";
import { type DriverPorts, MemberContext } from "./member-context.ts";
import { type DriverStatus, StatusClock } from "./member-status.ts";
import { Orders } from "./orders.ts";
import { releaseOutputs } from "./outputs.ts";
import { OwnMessages } from "./own-messages.ts";
import type { Channel } from "./ports.ts";
import { ProposalBuilder } from "./proposal-builder.ts";
import { type ReplayRooms, replayedInput } from "./replay.ts";
import { readLog, startingBase } from "./restart.ts";
import { Resync } from "./resync.ts";
import { SlotLocks } from "./slot-locks.ts";
import { Standstill } from "./standstill.ts";
import { Timers } from "./timers.ts";
import { TransactionRouting } from "./transaction-routing.ts";
import { type InnerEffect, Turn } from "./turn.ts";
import { Votes } from "./votes.ts";

/** Milliseconds between two looks at what did not come. */
const TICK_MS = 250;
/** One millisecond between two flushes for so many pairs of members: what one vote costs all is quadratic. */
const FLUSH_SPACING_PAIRS = 8;
/** A grace for what is late may take one such part of the time that the height's certificates took, up to a bound. */
const GRACE_PART = 2;
const MAX_GRACE_MS = 500;

/**
 * One member of one committee: joins the pure core with links, log, journal, keys, pool, executor and store. Synchronous
 * and deterministic given its ports, so that the simulator runs this very class.
 */
export class MemberDriver {
  readonly #context: MemberContext;
  readonly #core: Consensus;
  readonly #turn: Turn;
  readonly #timers: Timers;
  readonly #own = new OwnMessages();
  readonly #locks: SlotLocks;
  readonly #amnesia: Amnesia;
  readonly #evidence: Evidence;
  readonly #bodies: Bodies;
  readonly #builder: ProposalBuilder;
  readonly #assignment: Assignment;
  readonly #availability: Availability;
  readonly #votes: Votes;
  readonly #coins: Coins;
  readonly #orders: Orders;
  readonly #finality: Finality;
  readonly #border: Border;
  readonly #freeze: Freeze;
  readonly #inheritance: Inheritance;
  readonly #claims: ClaimSource;
  readonly #segments: LogSegments;
  readonly #execution: Execution;
  readonly #catchUp: CatchUp;
  readonly #resync: Resync;
  readonly #routing: TransactionRouting;
  readonly #dispatch: Dispatch;
  readonly #status: StatusClock;
  readonly #records: readonly LogRecord[];
  #replaying = false;
  #build: Extract<InnerEffect, { readonly kind: "build" }> | undefined;
  #ticks = 0;
  #cancelTick: (() => void) | undefined;
  #started = false;
  #over = false;

  constructor(config: MemberConfig, ports: DriverPorts) {
    const context = new MemberContext(config, ports);
    this.#context = context;
    this.#records = readLog(ports.log);
    const base = startingBase(context, this.#records);
    context.ordered = base.ordered;
    context.final = base.final;
    this.#core = new Consensus(base);
    this.#turn = new Turn(this.#core, ports.log, ports.clock, Math.floor(config.members ** 2 / FLUSH_SPACING_PAIRS), {
      inner: (effect) => this.#inner(effect),
      release: (outputs) => this.#release(outputs),
    });
    this.#timers = new Timers(ports.clock, (timer) =>
      this.#turn.input({ kind: "timer", timer }, { kind: "timer", timer }),
    );
    this.#locks = new SlotLocks(context);
    this.#amnesia = new Amnesia(context);
    this.#evidence = new Evidence(context);
    this.#bodies = new Bodies(context, this.#turn, () => this.#execution.advance());
    this.#builder = new ProposalBuilder(context);
    this.#assignment = new Assignment(config.members, config.genesis.beacon);
    this.#availability = new Availability(
      context,
      this.#core,
      this.#turn,
      this.#own,
      this.#bodies,
      this.#builder,
      this.#locks,
      this.#evidence,
    );
    this.#votes = new Votes(context, this.#core, this.#turn, this.#own, this.#locks, this.#evidence);
    this.#coins = new Coins(context, this.#core, this.#turn, this.#own, this.#locks);
    this.#orders = new Orders(context, this.#core, this.#turn, this.#own, this.#locks, this.#evidence, {
      wanted: (height) => this.#execution.lacks(height),
      take: (order) => {
        ports.store.putOrder(order.order.height, order.bytes);
        this.#execution.addOrder(order);
      },
    });
    this.#freeze = new Freeze(
      context,
      this.#turn,
      () => this.#execution.age,
      () => this.#buildAgain(),
    );
    this.#inheritance = new Inheritance(context, this.#bodies, {
      complete: (orders) => this.#execution.inherit(orders),
      content: () => this.#execution.advance(),
      starving: () => this.#execution.starving,
    });
    this.#claims = new ClaimSource(context, this.#turn, this.#bodies, this.#freeze, this.#inheritance);
    this.#finality = new Finality(
      context,
      this.#turn,
      this.#own,
      this.#locks,
      this.#evidence,
      (height) => this.#inheritance.epochOf(height),
      () => this.#execution.advance(),
    );
    this.#border = new Border(context, this.#turn);
    this.#segments = new LogSegments(ports.log, this.#border, this.#freeze, base);
    this.#execution = new Execution(
      context,
      this.#turn,
      this.#bodies,
      this.#finality,
      this.#border,
      this.#inheritance,
      {
        committed: (committed) => this.#committed(committed),
        over: (...next) => this.#end(...next),
      },
    );
    this.#catchUp = new CatchUp(context, this.#execution, this.#finality, this.#border, (height) =>
      this.#inheritance.covers(height),
    );
    const standstill = new Standstill();
    this.#resync = new Resync(
      context,
      this.#core,
      this.#own,
      this.#orders,
      this.#finality,
      this.#catchUp,
      standstill,
      () => this.#freeze.frozen,
    );
    this.#routing = new TransactionRouting(context, this.#turn, this.#assignment, this.#builder);
    this.#dispatch = new Dispatch(context, {
      availability: this.#availability,
      votes: this.#votes,
      coins: this.#coins,
      orders: this.#orders,
      finality: this.#finality,
      bodies: this.#bodies,
      evidence: this.#evidence,
      amnesia: this.#amnesia,
      catchUp: this.#catchUp,
      resync: this.#resync,
      routing: this.#routing,
      inheritance: this.#inheritance,
    });
    this.#status = new StatusClock(context, this.#execution, this.#finality, this.#catchUp, this.#freeze, standstill);
  }

  /** Restores the state from log and store, then takes part. Throws `store-damaged` where they do not fit. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#execution.load();
    this.#inheritance.load();
    if (this.#records.length === 0) this.#segments.begin();
    this.#replay();
    const newest = this.#execution.newestStored();
    if (newest !== undefined) {
      const { certificate, certificateEra: era, header } = newest.message;
      const { config } = this.#context;
      const own = header.era === config.era && header.epoch === config.epoch;
      if (own) this.#orders.resume(header.height);
      if (own || (era === config.era && this.#inheritance.covers(header.height))) {
        this.#finality.resume(header.height, header.epoch, { hash: newest.hash, era, certificate });
      }
    }
    this.#recallBeacons();
    this.#own.forget(this.#context.ordered, this.#execution.committed);
    this.#timers.arm();
    this.#freeze.look();
    this.#turn.live();
    this.#buildAgain();
    this.#execution.lookForBorder();
    this.#execution.start();
    this.#routing.start();
    this.#schedule();
  }

  stop(): void {
    this.#context.stopped = true;
    this.#turn.stop();
    this.#timers.stop();
    this.#routing.stop();
    this.#cancelTick?.();
  }

  /** There is news of Recoveries: looks at once. Calls back when what follows for this member is durable. */
  freeze(done: () => void): void {
    this.#freeze.look();
    this.#turn.afterFlush(done);
  }

  /** What this member can post in a Recovery of the era whose certificates are asked for; nothing unless it is frozen. */
  claims(era: number, done: (claims: RecoveryClaims) => void): void {
    this.#claims.take(era, done);
  }

  /** Begins the next height now, with transactions or without, as a quiet chain does now and then. */
  propose(): void {
    if (!this.#started || this.#context.stopped) return;
    const timer = { kind: "heartbeat", height: this.#context.ordered + 1 } as const;
    this.#turn.input({ kind: "timer", timer }, { kind: "timer", timer });
  }

  /** While a snapshot is on its way the member orders and votes, and executes nothing. */
  setJoining(joining: boolean): void {
    this.#context.joining = joining;
  }

  status(): DriverStatus {
    return this.#status.read();
  }

  /** A link to a member is up. Both sides then say where they are. */
  peerUp(seat: Seat): void {
    if (this.#context.stopped || seat === this.#context.config.seat) return;
    const guest = this.#context.isGuest(seat);
    (guest ? this.#context.guests : this.#context.up).add(seat);
    this.#resync.peerUp(seat);
    if (guest) return;
    this.#routing.peerUp(seat);
    this.#status.read();
  }

  peerDown(seat: Seat): void {
    this.#context.up.delete(seat);
    this.#context.guests.delete(seat);
    this.#catchUp.down(seat);
    this.#status.read();
  }

  /** A whole message from the member at the other end of an authenticated link. Never throws for what it holds. */
  receive(from: Seat, _channel: Channel, bytes: Uint8Array): void {
    if (this.#context.stopped || !this.#started) return;
    const message = decode(bytes, this.#context.limits);
    if (message === undefined) {
      this.#context.drop(from, "unknown", "malformed");
      return;
    }
    this.#context.report({ kind: "received", from, message: message.kind, bytes: bytes.length });
    if (this.#context.observer || this.#context.isGuest(from)) this.#dispatch.follow(from, message, bytes);
    else this.#dispatch.take(from, message, bytes);
  }

  #inner(effect: InnerEffect): void {
    switch (effect.kind) {
      case "build":
        if (this.#context.observer) break;
        if (this.#replaying || this.#freeze.frozen) this.#build = effect;
        else if (this.#locks.open(effect.height)) {
          this.#availability.build(effect.height, effect.anchor, effect.empty);
          this.#routing.recount();
        }
        break;
      case "fetch":
        this.#availability.fetch(effect.height, effect.seat, effect.from);
        break;
      case "ordered":
        this.#ordered(effect.order, effect.jumped);
        break;
      case "final":
        this.#execution.advance();
        break;
      case "diverged":
        this.#execution.halt("diverged", effect.height, effect.own, effect.certified);
        break;
      case "set-timer":
        this.#timers.set(effect.timer, this.#stretched(effect));
        break;
      case "evidence":
        if (effect.fault !== "proposal") this.#votes.accuse(effect.fault, effect.height, effect.from);
    }
  }

  /**
   * A grace is as long as the machines and links of the day need: where q certificates took long to come, the rest may
   * take part of that too. The q-th is an honest member's, so that a slow minority cannot stretch it.
   */
  #stretched({ timer, milliseconds }: Extract<InnerEffect, { readonly kind: "set-timer" }>): number {
    if (timer.kind === "spacing") return Math.max(milliseconds, this.#context.config.proposalSpacing);
    if (timer.kind !== "ones" && timer.kind !== "zeros") return milliseconds;
    const taken = this.#availability.certifying(timer.height);
    return Math.max(milliseconds, Math.min(taken / GRACE_PART, MAX_GRACE_MS));
  }

  /** A proposal that was not to be made at its time. */
  #buildAgain(): void {
    const build = this.#build;
    this.#build = undefined;
    if (build !== undefined && build.height > this.#context.ordered) this.#inner(build);
  }

  #release(outputs: Parameters<typeof releaseOutputs>[0]): void {
    const rooms = {
      availability: this.#availability,
      votes: this.#votes,
      coins: this.#coins,
      orders: this.#orders,
      finality: this.#finality,
    };
    releaseOutputs(outputs, rooms, this.#locks);
  }

  /** ORDER(h) is held: the height's agreement is over. */
  #ordered(order: Order, jumped: boolean): void {
    const { height, digest, previous, accepted } = order;
    const certified = this.#orders.take(height);
    if (certified === undefined) throw new Error(`order ${height} without its certificate`);
    let bitmap = 0n;
    for (const { seat } of accepted) bitmap |= 1n << BigInt(seat);
    this.#segments.ordered({ ordered: height, orderDigest: digest, previousDigest: previous, accepted: bitmap });
    this.#context.ordered = height;
    this.#assignment.ordered(height, beaconOf(certified.certificate), bitmap);
    this.#builder.ordered(height, this.#bodies.accepted(order));
    this.#availability.forget(height);
    this.#votes.forget(height);
    this.#coins.forget(height);
    this.#orders.forget(height);
    this.#timers.forget(height);
    this.#own.forget(height, this.#execution.committed);
    this.#turn.forget(height, this.#execution.committed);
    const { store } = this.#context.ports;
    // An era that a Recovery ended may have ordered more, which is void.
    const stored = store.order(height);
    if (stored === undefined || !equal(stored, certified.bytes)) store.putOrder(height, certified.bytes);
    if (!this.#replaying) this.#context.report({ kind: "ordered", height, digest, accepted: accepted.length, jumped });
    this.#execution.addOrder(certified);
    this.#routing.look();
    if (jumped) this.#catchUp.plan();
  }

  #committed({ height, hash, transactions, fetched, again }: Committed): void {
    const { ordered, ports } = this.#context;
    if (!again) ports.pool.committed(transactions);
    this.#inheritance.forget(height);
    this.#builder.committed(height);
    this.#bodies.forget(height);
    this.#finality.forget(height);
    this.#own.forget(ordered, height);
    this.#turn.forget(ordered, height);
    if (!again) this.#context.report({ kind: "committed", height, hash, transactions: transactions.length, fetched });
    this.#segments.committed(height, this.#core.final);
    this.#routing.look();
    this.#resync.tellGuests();
    if (fetched) this.#catchUp.plan();
    this.#status.read();
  }

  /** Told on a turn of its own: whoever hears it stops this driver. What an era leaves is durable by then. */
  #end(first: Height, epoch: number, era: number): void {
    if (this.#over) return;
    this.#over = true;
    const { clock, store } = this.#context.ports;
    const tell = (): void => {
      if (!this.#context.stopped) this.#context.report({ kind: "over", first, era, epoch });
    };
    if (era !== this.#context.config.era) this.#bodies.bequeath(this.#execution.committed + 1, first - 1);
    store.flush(() => clock.after(0, tell));
  }

  #replay(): void {
    const rooms: ReplayRooms = {
      availability: this.#availability,
      bodies: this.#bodies,
      border: this.#border,
      execution: this.#execution,
      finality: this.#finality,
      freeze: this.#freeze,
      orders: this.#orders,
      routing: this.#routing,
      timers: this.#timers,
      votes: this.#votes,
    };
    this.#replaying = true;
    this.#turn.begin();
    for (const [index, record] of this.#records.entries()) {
      if (record.kind === "base") {
        if (index > 0) this.#segments.replayed(record.base);
        continue;
      }
      const input = replayedInput(this.#context, rooms, record);
      if (input?.kind === "built" && this.#build?.height === input.proposal.header.height) this.#build = undefined;
      if (input !== undefined) this.#turn.replay(input);
    }
    this.#replaying = false;
  }

  /** Beacons of the current windows, where this run did not see their orders. */
  #recallBeacons(): void {
    const next = this.#context.ordered + 1;
    for (const height of [assigningHeight(next), assigningHeight(next + 2)]) {
      if (this.#assignment.knows(height) || height > this.#context.ordered) continue;
      const stored = this.#orders.stored(height);
      // Who followed up to the border has no orders, but the containers that say the same.
      const beacon = stored === undefined ? this.#execution.beaconOf(height) : beaconOf(stored.certificate);
      if (beacon !== undefined) this.#assignment.learn(height, beacon);
    }
  }

  #schedule(): void {
    this.#cancelTick = this.#context.ports.clock.after(TICK_MS, () => {
      this.#ticks += 1;
      this.#freeze.look();
      this.#bodies.tick();
      this.#inheritance.tick();
      this.#catchUp.tick();
      this.#execution.lookForBorder();
      this.#execution.advance();
      if (this.#ticks % Math.round(RESYNC_MS / TICK_MS) === 0) {
        this.#recallBeacons();
        this.#resync.tick();
        this.#routing.look();
        this.#status.read();
      }
      this.#schedule();
    });
  }
}
