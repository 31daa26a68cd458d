import type { DriverEvent } from "@tributary/node/consensus/driver-event";
import type { Mesh, ReadyEpoch } from "@tributary/node/consensus/ports";
import { segmentsRoot } from "@tributary/protocol/container/container-body";
import type { ScheduledFork } from "@tributary/protocol/container/fork-schedule";
import type { OrderedTransaction } from "@tributary/protocol/container/header";
import { decodeEvidence } from "@tributary/protocol/evidence/codec";
import type { EvidenceKind } from "@tributary/protocol/evidence/evidence";
import { verifyEvidence } from "@tributary/protocol/evidence/verify";
import { maxFaulty, quorum } from "@tributary/protocol/quorum";
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
import { readyEpochs, simulatedMainchain } from "./simulated-mainchain.ts";
import { type Latencies, SimulatedMember } from "./simulated-member.ts";
import { SimulatedMesh } from "./simulated-mesh.ts";
import { type RecoveryWorld, SimulatedRecovery } from "./simulated-recovery.ts";
import { TOY_GROUP, toyConfig } from "./toy-config.ts";
import { TOY_CAPACITY } from "./toy-executor.ts";
import { decodeToyTransaction, TOY_CHAIN, toyTransaction } from "./toy-transaction.ts";
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
  readonly #adversaries: ByzantineMesh[] = [];
  readonly #recorded = new WeakSet<Uint8Array>();
  readonly #sent = new Map<MessageKind, number>();
  /** Contents of the container whose commit is being reported. */
  #heard: readonly OrderedTransaction[] = [];
  #failure: string | undefined;
  #crashes = 0;
  #resets = 0;
  #forgets = 0;
  #remembers = 0;
  #handovers = 0;
  #coins = 0;
  #evidence = 0;
  readonly #proven = new Map<EvidenceKind, number>();
  #fetched = 0;
  #jumps = 0;
  #clientsDone = false;

  constructor(options: RunOptions) {
    this.#options = options;
    const { members, seed, calm, amnesia } = options;
    const random = new Random(seed);
    this.#random = random;
    this.#crypto = new IdealCrypto(members, seed);
    this.#ready = readyEpochs(options.epochs ?? 0, random);
    this.#recovery =
      options.recovery === true ? new SimulatedRecovery(members, this.#crypto, random, this.#clock) : undefined;
    this.#forks = calm === true ? [] : announcedForks(new Random(seed + FORK_SEED), this.#clock.time());
    const faulty = calm === true ? 0 : maxFaulty(members) - (amnesia === true ? 1 : 0);
    this.#scheduler = new NetworkScheduler(members, faulty, random, calm === true ? "uniform" : undefined);
    this.#mesh = new SimulatedMesh(this.#clock, this.#scheduler, { members, containerBytes: TOY_CAPACITY.bytes });
    while (this.#faulty.size < faulty) this.#faulty.add(random.below(members));
    const latencies = drawLatencies(random, this.#recovery !== undefined);
    for (let seat = 0; seat < members; seat++) this.#members.push(this.#member(seat, latencies));
    for (let guest = 0; guest < (options.observers ?? 0); guest++) {
      this.#observers.push(this.#member(members + guest, latencies));
    }
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
      crashes: this.#crashes,
      resets: this.#resets,
      transactions: this.#oracle.acknowledgedCount,
      coins: this.#coins,
      evidence: this.#evidence,
      proven: this.#proven,
      forgets: this.#forgets,
      remembers: this.#remembers,
      handovers: this.#handovers,
      inherited: this.#recovery?.inheritedHeights,
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
      this.#unrest();
      this.#malice();
    }
    // Runs across epochs have many more heights.
    const budget = this.#options.budget ?? (this.#ready.length > 0 ? 4 : 1) * 60_000 * this.#options.members;
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
    for (const { seat, store } of this.#honest()) {
      for (const evidence of store.evidence) {
        const { era = 0, epoch = 0 } = decodeEvidence(evidence) ?? {};
        const verdict = verifyEvidence(evidence, { group, era, epoch, addresses }, this.#crypto);
        if (!verdict.ok) throw new Violation(`member ${seat} keeps evidence that is ${verdict.fault}`);
        const { kind, seat: offender, height } = verdict.offence;
        if (!this.#faulty.has(offender))
          throw new Violation(`${kind} at ${height} convicts the honest member ${offender}`);
        this.#proven.set(kind, (this.#proven.get(kind) ?? 0) + 1);
      }
    }
  }

  #honest(): readonly SimulatedMember[] {
    return this.#members.filter(({ seat }) => !this.#faulty.has(seat));
  }

  #finished(): boolean {
    if (!this.#clientsDone || this.#oracle.outstanding > 0) return false;
    const goal = Math.max(this.#options.heights, this.#oracle.lastNeeded);
    const last = this.#ready.at(-1)?.epoch ?? 1;
    const era = this.#recovery?.lastEra ?? 1;
    return [...this.#honest(), ...this.#observers].every(
      (member) => member.alive && member.committed >= goal && member.era === era && (era > 1 || member.epoch === last),
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
    const { members, seed } = this.#options;
    const faulty = this.#faulty.has(seat);
    const skew = this.#random.below(2_000) - 1_000;
    const logInflation = this.#random.pick([1, 200, 1_000, 10_000]);
    const lag = this.#random.below(1_500);
    const elapsed = (): number => this.#clock.elapsed;
    const recovery = this.#recovery;
    return new SimulatedMember({
      seat,
      configOf: ({ era, epoch }) => ({ ...toyConfig(seat, members, epoch, era), ...recovery?.beginningOf(era) }),
      ending: (era) => recovery?.ending(era, elapsed() - lag),
      clock: this.#clock,
      skew,
      cryptoOf: ({ era, epoch }) =>
        era === 1 && epoch === 1 ? this.#crypto : new IdealCrypto(members, seed, epoch, era),
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

  #adversary(seat: number): Mesh {
    const { members } = this.#options;
    const style: StyleName = this.#random.pick(STYLES);
    const forger = new Forger(this.#crypto, this.#random, members, seat, TOY_GROUP);
    const adversary = new ByzantineMesh(this.#mesh, seat, members, this.#random, forger, this.#abuse, style);
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
    if (seat >= this.#options.members && !OF_FOLLOWERS.has(message.kind)) {
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
    const nonces = new Map<number, number>();
    // A border between epochs is crossed with several heights under way in some runs, and at leisure in others.
    const busy = this.#recovery !== undefined;
    const dense = (busy || this.#ready.length > 0) && random.chance(busy ? 0.9 : 0.7);
    const each = dense ? 80 : busy ? 20 : this.#options.members;
    const rounds = Math.ceil(each / this.#options.members) * this.#options.heights + random.below(3);
    let left = rounds;
    const burst = (): void => {
      const alive = this.#honest().filter((member) => member.alive);
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
      if (left === 0) this.#clientsDone = true;
      else this.#clock.after(random.below(dense ? (busy ? 120 : 30) : random.chance(0.2) ? 6_000 : 400), burst);
    };
    this.#clock.after(random.below(200), burst);
  }

  /** Connections break, members crash and come back with what they had flushed. */
  #unrest(): void {
    const random = this.#random;
    const { members } = this.#options;
    const resetEvery = random.pick([0, 0, 400, 2_000]);
    const crashEvery = random.pick([0, 500, 3_000]);
    const reset = (): void => {
      const a = random.below(members);
      const b = random.below(members);
      if (a !== b) {
        this.#resets += 1;
        this.#mesh.disconnect(a, b);
        this.#clock.after(random.below(600), () => this.#mesh.connect(a, b));
      }
      if (this.#clock.elapsed < UNREST_MS) this.#clock.after(random.fraction() * 2 * resetEvery, reset);
    };
    const crash = (): void => {
      const honest = [...this.#honest(), ...this.#observers];
      const victims = random.chance(0.05) ? honest : [random.pick(honest)];
      for (const victim of victims) {
        if (!victim.alive) continue;
        this.#crashes += 1;
        victim.crash();
        this.#clock.after(random.below(random.chance(0.2) ? 8_000 : 900), () => victim.start());
      }
      if (this.#clock.elapsed < UNREST_MS) this.#clock.after(random.fraction() * 2 * crashEvery, crash);
    };
    if (resetEvery > 0) this.#clock.after(random.below(resetEvery), reset);
    if (crashEvery > 0) this.#clock.after(random.below(crashEvery), crash);
    if (this.#options.amnesia === true) this.#clock.after(random.below(4_000), () => this.#forgetting());
  }

  /** Where the victim is down just then, it loses its memory when it is up again. */
  #forgetting(): void {
    const random = this.#random;
    const victim = this.#members.find(({ seat, alive }) => alive && !this.#faulty.has(seat));
    if (victim === undefined) {
      this.#clock.after(100, () => this.#forgetting());
      return;
    }
    this.#forgets += 1;
    victim.crash();
    victim.loseMemory(random.chance(0.5));
    this.#clock.after(random.below(2_000), () => victim.start());
  }

  #recoveryWorld(): RecoveryWorld {
    const { members } = this.#options;
    return {
      random: this.#random,
      honest: this.#honest(),
      // F of a height takes the shares of q members, at most f of which are faulty.
      mayBeFinal: () => this.#ledger.highestFinal(1, quorum(members) - maxFaulty(members)),
    };
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

/** Changes of the rules whose times come during the run, or before anybody hears of them; one is taken back. */
function announcedForks(random: Random, start: number): readonly ScheduledFork[] {
  const entry = (rules: number): ScheduledFork => {
    const block = 1 + random.below(8);
    return { rules, block, time: (start + random.below(6_000)) / 1000, cancelled: undefined };
  };
  const withdrawn = entry(2);
  return [{ ...withdrawn, cancelled: withdrawn.block + random.below(8) }, entry(2), entry(3)];
}

export function simulateNetwork(options: RunOptions): RunReport {
  return new NetworkSimulation(options).run();
}
