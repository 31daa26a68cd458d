import type { DriverEvent } from "@tributary/node/consensus/driver-event";
import type { Mesh, ReadyEpoch } from "@tributary/node/consensus/ports";
import { segmentsRoot } from "@tributary/protocol/container/container-body";
import type { ScheduledFork } from "@tributary/protocol/container/fork-schedule";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { decodeEvidence } from "@tributary/protocol/evidence/codec";
import type { EvidenceKind } from "@tributary/protocol/evidence/evidence";
import { verifyEvidence } from "@tributary/protocol/evidence/verify";
import { maxFaulty } from "@tributary/protocol/quorum";
import type { Message, MessageKind } from "@tributary/protocol/wire/index";
import { Random } from "../agreement/random.ts";
import { Abuse } from "./abuse.ts";
import { ByzantineMesh, STYLES, type StyleName } from "./byzantine-mesh.ts";
import { Forger } from "./forger.ts";
import { IdealCrypto } from "./ideal-crypto.ts";
import { drawLatencies } from "./latencies.ts";
import { Ledger } from "./ledger.ts";
import { NetworkScheduler } from "./network-scheduler.ts";
import { Oracle, Violation } from "./oracle.ts";
import type { Costs, RunOptions, RunReport } from "./run-report.ts";
import { announcedForks, readyEpochs, simulatedMainchain } from "./simulated-mainchain.ts";
import { type Latencies, SimulatedMember, type Term } from "./simulated-member.ts";
import { SimulatedMesh } from "./simulated-mesh.ts";
import { type RecoveryWorld, SimulatedRecovery } from "./simulated-recovery.ts";
import { TOY_GROUP, toyConfig } from "./toy-config.ts";
import { TOY_CAPACITY } from "./toy-executor.ts";
import { decodeToyTransaction, TOY_CHAIN, toyTransaction } from "./toy-transaction.ts";
import { Unrest, type UnrestWorld } from "./unrest.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What a node without a seat says. */
const OF_FOLLOWERS: ReadonlySet<MessageKind> = new Set(["status", "get-container", "container", "forward"]);

/** Kinds that a faulty member sends out of season. */
const INJECTED: readonly MessageKind[] = [
  "proposal",
  "ack",
  "certificate",
  "vote",
  "coin",
  "decide",
  "order",
  "final",
  "container",
  "status",
  "get-certificate",
  "get-body",
  "body",
  "get-order",
  "get-container",
  "repeat",
  "forward",
  "finality",
  "evidence",
];
/** Links may break and members crash for so long; then the network is only slow. */
const UNREST_MS = 20_000;
const CHECK_EVERY = 32;
/** Sets the draws for the forks apart, so that the rest of a run is what its seed says. */
const FORK_SEED = 1_000_003;

/** One seeded run of whole members under a hostile network. */
export class NetworkSimulation {
  readonly #options: RunOptions;
  /** Members by epoch, from the first one on; nodes are as many as the largest committee has. */
  readonly #sizes: readonly number[];
  readonly #nodes: number;
  readonly #random: Random;
  readonly #clock = new VirtualClock();
  readonly #crypto: IdealCrypto;
  readonly #ready: readonly ReadyEpoch[];
  readonly #recovery: SimulatedRecovery | undefined;
  readonly #forks: readonly ScheduledFork[];
  readonly #scheduler: NetworkScheduler;
  readonly #mesh: SimulatedMesh;
  readonly #oracle = new Oracle();
  readonly #ledger = new Ledger();
  readonly #abuse = new Abuse();
  readonly #members: SimulatedMember[] = [];
  readonly #observers: SimulatedMember[] = [];
  readonly #faulty = new Set<number>();
  readonly #unrest: Unrest;
  readonly #adversaries: ByzantineMesh[] = [];
  readonly #recorded = new WeakSet<Uint8Array>();
  readonly #sent = new Map<MessageKind, number>();
  /** Contents of the container whose commit is being reported. */
  #heard: readonly OrderedTransaction[] = [];
  #failure: string | undefined;
  #remembers = 0;
  #handovers = 0;
  #coins = 0;
  #evidence = 0;
  readonly #proven = new Map<EvidenceKind, number>();
  #fetched = 0;
  #jumps = 0;
  readonly #nonces = new Map<number, number>();
  #clientsLeft = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    const { members, seed, calm, amnesia } = options;
    this.#sizes = [members, ...(options.sizes ?? [])];
    const nodes = Math.max(...this.#sizes);
    this.#nodes = nodes;
    const random = new Random(seed);
    this.#random = random;
    this.#crypto = new IdealCrypto(members, seed);
    // The era that a Recovery begins here is the second.
    const recoveries = options.recoveries ?? 0;
    this.#ready = readyEpochs(options.epochs ?? 0, random, recoveries === 0);
    const cryptoOf = (era: number): IdealCrypto => new IdealCrypto(members, seed, 1, era);
    this.#recovery =
      recoveries === 0 ? undefined : new SimulatedRecovery(recoveries, members, cryptoOf, random, this.#clock);
    this.#forks = calm === true ? [] : announcedForks(new Random(seed + FORK_SEED), this.#clock.time());
    const faulty = calm === true ? 0 : maxFaulty(Math.min(...this.#sizes)) - (amnesia === true ? 1 : 0);
    this.#scheduler = new NetworkScheduler(nodes, faulty, random, calm === true ? "uniform" : undefined);
    // For reading along, whichever committee wrote.
    const containerBytes = TOY_CAPACITY.bytes * (nodes === members ? 1 : nodes);
    this.#mesh = new SimulatedMesh(this.#clock, this.#scheduler, { members: nodes, containerBytes });
    while (this.#faulty.size < faulty) this.#faulty.add(random.below(nodes));
    const latencies = drawLatencies(random, this.#recovery !== undefined);
    for (let seat = 0; seat < nodes; seat++) this.#members.push(this.#member(seat, latencies));
    for (let guest = 0; guest < (options.observers ?? 0); guest++) {
      this.#observers.push(this.#member(nodes + guest, latencies));
    }
    this.#unrest = new Unrest(this.#unrestWorld());
  }

  #unrestWorld(): UnrestWorld {
    const [random, clock, mesh] = [this.#random, this.#clock, this.#mesh];
    const [restless, calm] = [() => this.#restless, () => this.#recovery?.calm === true];
    return {
      random,
      clock,
      mesh,
      nodes: this.#nodes,
      honest: this.#honest(),
      observers: this.#observers,
      restless,
      calm,
    };
  }

  /** For scripted runs: starts all members and nothing else. */
  start(): readonly SimulatedMember[] {
    for (const member of this.#members) member.start();
    return this.#members;
  }

  get members(): readonly SimulatedMember[] {
    return this.#members;
  }

  /** Lets so many milliseconds pass. */
  advance(milliseconds: number): void {
    const end = this.#clock.elapsed + milliseconds;
    let over = false;
    this.#clock.after(milliseconds, () => {
      over = true;
    });
    while (!over && this.#clock.elapsed <= end) if (!this.#clock.step()) break;
  }

  /** A client's transaction to one member. */
  submit(member: SimulatedMember, sender: number, nonce: number): void {
    const raw = toyTransaction(sender, nonce, 21, nonce);
    this.#oracle.acknowledged(decodeToyTransaction(raw)?.hash ?? "");
    member.submit(raw);
  }

  /** Messages over links and work with keys so far, of all members together. */
  get costs(): Costs {
    return { traffic: this.#mesh.traffic, crypto: this.#crypto.counts };
  }

  /** Acknowledged transactions that no container executed. */
  get outstanding(): number {
    return this.#oracle.outstanding;
  }

  run(): RunReport {
    try {
      this.#play();
    } catch (error) {
      if (!(error instanceof Violation))
        this.#failure ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
      else this.#failure ??= error.message;
    }
    const { members, seed } = this.#options;
    return {
      ok: this.#failure === undefined,
      failure: this.#failure,
      members,
      seed,
      network: this.#scheduler.name,
      heights: Math.min(...this.#honest().map(({ committed }) => committed)),
      steps: this.#clock.steps,
      milliseconds: Math.round(this.#clock.elapsed),
      messages: this.#mesh.messages,
      lost: this.#mesh.lost,
      crashes: this.#unrest.crashes,
      resets: this.#unrest.resets,
      transactions: this.#oracle.acknowledgedCount,
      coins: this.#coins,
      evidence: this.#evidence,
      proven: this.#proven,
      forgets: this.#unrest.forgets,
      remembers: this.#remembers,
      handovers: this.#handovers,
      recoveries: this.#recovery?.ended ?? 0,
      ...(this.#recovery?.totals ?? { inherited: 0, inheritedAgain: 0, dropped: 0 }),
      fetched: this.#fetched,
      jumps: this.#jumps,
      abuse: this.#abuse,
      sent: this.#sent,
    };
  }

  #play(): void {
    for (const member of [...this.#members, ...this.#observers]) member.start();
    this.#clients();
    this.#recovery?.play(this.#recoveryWorld());
    if (this.#options.calm !== true) {
      this.#unrest.play(this.#options.amnesia === true);
      this.#malice();
    }
    // Runs across epochs have many more heights.
    const much = (this.#ready.length > 0 ? 4 : 1) * Math.max(1, 3 * (this.#options.recoveries ?? 0) - 2);
    const budget = this.#options.budget ?? much * 60_000 * this.#nodes;
    while (!this.#finished()) {
      for (let i = 0; i < CHECK_EVERY; i++) if (!this.#clock.step()) throw new Violation("nothing left to happen");
      if (this.#clock.steps > budget) throw new Violation(`no end within ${budget} steps: ${this.#standing()}`);
    }
    this.#judgeEvidence();
  }

  /** What honest members keep must convince somebody who has the committee's addresses only, and of faulty members only. */
  #judgeEvidence(): void {
    const addresses = this.#members.map(({ seat }) => this.#crypto.address(seat));
    const { group } = toyConfig(0, this.#options.members);
    const signatures = new IdealCrypto(this.#nodes, this.#options.seed);
    for (const { seat, store } of this.#honest()) {
      for (const evidence of store.evidence) {
        const { era = 0, epoch = 0 } = decodeEvidence(evidence) ?? {};
        const verdict = verifyEvidence(evidence, { group, era, epoch, addresses }, signatures);
        if (!verdict.ok) throw new Violation(`member ${seat} keeps evidence that is ${verdict.fault}`);
        const { kind, seat: offender, height } = verdict.offence;
        if (!this.#faulty.has(offender))
          throw new Violation(`${kind} at ${height} convicts the honest member ${offender}`);
        this.#proven.set(kind, (this.#proven.get(kind) ?? 0) + 1);
      }
    }
  }

  #sizeOf(epoch: number): number {
    return this.#sizes[epoch - 1] ?? this.#sizes.at(-1) ?? 0;
  }

  /** The node has a seat in the epoch that it is in. Seats are nodes' own numbers, so who grows in last leaves first. */
  #seated({ seat, epoch }: SimulatedMember): boolean {
    return seat < this.#sizeOf(epoch);
  }

  #honest(): readonly SimulatedMember[] {
    return this.#members.filter(({ seat }) => !this.#faulty.has(seat));
  }

  #finished(): boolean {
    if (this.#clientsLeft > 0 || this.#oracle.outstanding > 0) return false;
    const goal = Math.max(this.#options.heights, this.#oracle.lastNeeded);
    const last = this.#ready.at(-1) ?? { era: 1, epoch: 1 };
    if (this.#recovery?.settled === false) return false;
    const newest = this.#recovery?.newestEra ?? 1;
    const { era, epoch } = newest > 1 ? { era: newest, epoch: undefined } : last;
    return [...this.#honest(), ...this.#observers].every(
      (member) =>
        member.alive &&
        member.committed >= goal &&
        member.era === era &&
        (epoch === undefined || member.epoch === epoch),
    );
  }

  #standing(): string {
    const heights = this.#members.map(({ seat, committed, alive }) => {
      const status = this.#members[seat]?.status();
      const mark = this.#faulty.has(seat) ? "F" : alive ? "" : "x";
      return `${mark}${status?.ordered ?? "-"}/${status?.final ?? "-"}/${committed}${status?.halted === undefined ? "" : `!${status.halted}`}`;
    });
    return `${heights.join(" ")}, ${this.#oracle.outstanding} transactions outstanding`;
  }

  #member(seat: number, latencies: Latencies): SimulatedMember {
    const faulty = this.#faulty.has(seat);
    const skew = this.#random.below(2_000) - 1_000;
    const logInflation = this.#random.pick([1, 200, 1_000, 10_000]);
    const lag = this.#random.below(1_500);
    const elapsed = (): number => this.#clock.elapsed;
    const recovery = this.#recovery;
    return new SimulatedMember({
      seat,
      configOf: ({ era, epoch }) => ({
        ...toyConfig(seat, this.#sizeOf(epoch), epoch, era),
        ...recovery?.beginningOf(era),
      }),
      ending: (era) => recovery?.ending(era, elapsed() - lag),
      clock: this.#clock,
      skew,
      cryptoOf: (term) => this.#cryptoOf(term),
      mesh: this.#mesh,
      latencies,
      logInflation,
      mainchain: simulatedMainchain(
        elapsed,
        lag,
        this.#ready,
        this.#options.standing ?? ((...seen) => recovery?.standing(...seen) ?? "open"),
        this.#forks,
      ),
      outgoing: faulty ? this.#adversary(seat) : this.#honestMesh(seat),
      event: faulty ? () => {} : (event) => this.#onEvent(seat, event),
      committed: (transactions) => {
        this.#heard = transactions;
      },
    });
  }

  #cryptoOf({ era, epoch }: Term): IdealCrypto {
    const { seed } = this.#options;
    return era === 1 && epoch === 1 ? this.#crypto : new IdealCrypto(this.#sizeOf(epoch), seed, epoch, era);
  }

  #adversary(seat: number): Mesh {
    const style: StyleName = this.#random.pick(STYLES);
    const forger = new Forger(this.#crypto, (term) => this.#cryptoOf(term), this.#random, this.#nodes, seat, TOY_GROUP);
    const adversary = new ByzantineMesh(this.#mesh, seat, this.#nodes, this.#random, forger, this.#abuse, style);
    adversary.keeps = (this.#options.recoveries ?? 0) > 1 && this.#random.chance(0.5);
    this.#adversaries.push(adversary);
    return adversary;
  }

  #honestMesh(seat: number): Mesh {
    return {
      send: (to, channel, bytes) => {
        this.#record(seat, bytes);
        this.#mesh.send(seat, to, channel, bytes);
      },
    };
  }

  /** Keeps the ledger of what honest members say; the adversaries hear everything. */
  #record(seat: number, bytes: Uint8Array): void {
    if (this.#recorded.has(bytes)) return;
    this.#recorded.add(bytes);
    const message: Message | undefined = this.#mesh.message(bytes);
    if (message === undefined) throw new Violation(`member ${seat} sent what nobody can read`);
    const member = this.#members[seat];
    if ((member === undefined || !this.#seated(member)) && !OF_FOLLOWERS.has(message.kind)) {
      throw new Violation(`${seat} has no seat and says ${message.kind}`);
    }
    this.#sent.set(message.kind, (this.#sent.get(message.kind) ?? 0) + 1);
    if (message.kind === "coin") this.#coins += 1;
    for (const adversary of this.#adversaries) adversary.observe(message);
    const contradiction = this.#ledger.record(seat, message);
    if (contradiction !== undefined) throw new Violation(contradiction);
  }

  #onEvent(seat: number, event: DriverEvent): void {
    this.#recovery?.heard(seat, this.#members[seat]?.era ?? 1, event);
    switch (event.kind) {
      case "ordered":
        if (event.jumped) this.#jumps += 1;
        this.#oracle.ordered(seat, this.#members[seat]?.era ?? 1, event.height, event.digest);
        break;
      case "committed":
        if (event.fetched) this.#fetched += 1;
        this.#oracle.committed(seat, event.height, event.hash);
        this.#oracle.contents(event.height, this.#heard);
        this.#checkHeader(seat, event.height);
        break;
      case "halted":
        throw new Violation(`member ${seat} halted at ${event.height}: ${event.reason}`);
      case "over":
        this.#handovers += 1;
        break;
      case "remembered":
        this.#remembers += 1;
        break;
      case "refused":
        throw new Violation(`the journal of member ${seat} refused ${event.slot} = ${event.value}`);
      case "bad-share":
        if (!this.#faulty.has(event.from)) throw new Violation(`member ${event.from} is honest and its share bad`);
        break;
      case "evidence":
        this.#evidence += 1;
        if (!this.#faulty.has(event.from)) {
          throw new Violation(`evidence of ${event.fault} against the honest member ${event.from}`);
        }
        break;
      default:
    }
  }

  /** The certified header commits to the state that execution gave here. */
  #checkHeader(seat: number, height: number): void {
    const member = [...this.#members, ...this.#observers][seat];
    const message = this.#mesh.message(member?.store.container(height) ?? new Uint8Array(0));
    if (message?.kind !== "container") throw new Violation(`member ${seat} did not store container ${height}`);
    const segments = [{ chainId: TOY_CHAIN, blockNumber: height, blockHash: member?.block ?? TOY_GROUP }];
    if (message.header.segmentsRoot !== segmentsRoot(segments)) {
      throw new Violation(`header ${height} of member ${seat} says nothing of its state`);
    }
  }

  /**
   * Clients send to whoever is alive; a sender's nonces ascend wherever they go. Faulty members have clients too, whose
   * transactions nobody promised anything about.
   */
  #clients(): void {
    const random = this.#random;
    const nonces = this.#nonces;
    // A border between epochs is crossed with several heights under way in some runs, and at leisure in others.
    const busy = this.#recovery !== undefined;
    const dense = (busy || this.#ready.length > 0) && random.chance(busy ? 0.9 : 0.7);
    const each = dense ? 80 : busy ? 20 : this.#options.members;
    const rounds = Math.ceil(each / this.#options.members) * this.#options.heights + random.below(3);
    let left = rounds;
    this.#clientsLeft += 1;
    const burst = (): void => {
      const alive = this.#honest().filter((member) => member.alive && this.#seated(member));
      if (alive.length > 0) {
        left -= 1;
        for (let count = 1 + random.below(6); count > 0; count--) {
          const sender = 1 + random.below(5);
          const nonce = nonces.get(sender) ?? 0;
          nonces.set(sender, nonce + 1);
          const raw = toyTransaction(sender, nonce, 21 + random.below(400), random.below(1e6));
          this.#oracle.acknowledged(decodeToyTransaction(raw)?.hash ?? "");
          random.pick(alive).submit(raw);
        }
        for (const seat of this.#faulty)
          this.#members[seat]?.submit(toyTransaction(800 + seat, rounds - left - 1, 21, left));
      }
      if (left === 0) this.#clientsLeft -= 1;
      else this.#clock.after(random.below(dense ? (busy ? 120 : 30) : random.chance(0.2) ? 6_000 : 400), burst);
    };
    this.#clock.after(random.below(200), burst);
  }

  /** Recoveries one after the other go on for longer. */
  get #restless(): boolean {
    return (
      this.#clock.elapsed < UNREST_MS || ((this.#options.recoveries ?? 0) > 1 && this.#recovery?.settled === false)
    );
  }

  #recoveryWorld(): RecoveryWorld {
    const honest = this.#honest();
    const faulty = this.#members.filter((member) => !honest.includes(member));
    return { honest, faulty, ledger: this.#ledger, resumed: () => this.#clients() };
  }

  #malice(): void {
    const inject = (): void => {
      const ordered = Math.max(0, ...this.#honest().map((member) => member.status()?.ordered ?? 0));
      for (const adversary of this.#adversaries) adversary.inject(INJECTED, ordered);
      this.#clock.after(this.#random.fraction() * 40, inject);
    };
    this.#clock.after(this.#random.fraction() * 40, inject);
  }
}

export function simulateNetwork(options: RunOptions): RunReport {
  return new NetworkSimulation(options).run();
}
