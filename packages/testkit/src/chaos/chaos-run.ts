import { oneHonest } from "@tributary/protocol/quorum";
import { Random } from "../agreement/random.ts";
import { check } from "./checker.ts";
import { Clients } from "./clients.ts";
import { Cluster } from "./cluster.ts";
import { type Injected, injectMainchainFault, injectMemberFault } from "./faults.ts";
import type { MemberChain, Violation } from "./history.ts";
import { ChainReader } from "./member-chain.ts";
import { type Plan, Planner } from "./plan.ts";
import type { FaultRecord, Incident, Report } from "./report.ts";
import type { Sandbox } from "./sandbox.ts";
import { Watch } from "./watch.ts";

export type ChaosOptions = {
  readonly members: number;
  /** Of faults: setting up, settling and judging come on top. */
  readonly minutes: number;
  readonly seed: number;
  /** For everything of this run; must exist. */
  readonly folder: string;
  readonly sandbox: Sandbox;
  /** Where the logs of all processes go at the end. */
  readonly logs?: string;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
};

/** Transactions a second: the point is that there are some at each moment, not that they are many. */
const LOAD = 20;
/** Milliseconds after which members that do not come back count as stuck; on a busy machine seven starts take a minute. */
const PATIENCE_MS = 300_000;
const LOOK_MS = 20;

/** Sets a cluster up, brings faults over it for the time given, heals everything, and judges what clients saw. */
export async function chaos(options: ChaosOptions): Promise<Report> {
  const { members, seed, folder, sandbox, progress } = options;
  progress(`${members} nodes start, seed ${seed}`);
  // What happens on wires draws from a source of its own, so that a seed's plans are the same however long things take.
  const wires = new Random(seed + 1);
  const cluster = await Cluster.start({ folder, members, disks: oneHonest(members), sandbox, random: wires });
  const run = new ChaosRun(options, cluster);
  try {
    return await run.run();
  } finally {
    await run.close();
  }
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #cluster: Cluster;
  readonly #random: Random;
  readonly #planner: Planner;
  readonly #begun = performance.now();
  readonly #watch: Watch;
  readonly #clients: Clients;
  readonly #incidents: Incident[] = [];
  readonly #stuck: Violation[] = [];
  /** What is there now and must not stay. */
  readonly #present = new Set<Injected>();

  constructor(options: ChaosOptions, cluster: Cluster) {
    this.#options = options;
    this.#cluster = cluster;
    this.#random = new Random(options.seed + 2);
    this.#planner = new Planner(options.members, cluster.withDisk, new Random(options.seed));
    this.#watch = new Watch(cluster.urls, this.#begun);
    this.#clients = new Clients(cluster.devnet.info, cluster.urls, LOAD, this.#begun);
  }

  async run(): Promise<Report> {
    const { minutes, signal } = this.#options;
    await this.#until(() => this.#watch.heads.every((head) => head > 0));
    const end = this.#now() + minutes * 60_000;
    for (let turn = 0; this.#now() < end && this.#stuck.length === 0 && !signal.aborted; turn++) {
      await this.#live(turn % 2 === 0 ? this.#planner.within() : this.#planner.beyond());
    }
    await this.#clients.stop();
    const chains = signal.aborted ? [] : await this.#settledChains();
    await this.#watch.stop();
    return this.#report(chains);
  }

  /** Heals what is still there and ends all processes. */
  async close(): Promise<void> {
    await Promise.all([this.#clients.stop(), this.#watch.stop()]);
    for (const fault of this.#present) await fault.heal().catch(() => undefined);
    const left = await this.#cluster.stop(this.#options.logs);
    if (left.length > 0) this.#say(`processes that had to be killed at the end: ${left.join(", ")}`);
  }

  /** Brings the plan's faults about, lets them last, heals them, and waits until every member is back. */
  async #live(plan: Plan): Promise<void> {
    const at = this.#now();
    const from = this.#watch.head;
    const records: FaultRecord[] = [];
    for (const strike of plan.strikes) {
      const { detail } = await this.#keep(injectMemberFault(this.#cluster, strike, this.#random));
      records.push({ kind: strike.kind, victims: strike.victims, detail });
    }
    if (plan.mainchain !== undefined) {
      const { detail } = await this.#keep(injectMainchainFault(this.#cluster, plan.mainchain));
      records.push({ kind: plan.mainchain, victims: [], detail });
    }
    const name = records.map(({ kind, victims }) => [kind, ...victims].join(" ")).join(", ");
    this.#say(`${plan.beyond ? "BEYOND f: " : ""}${name}`);
    const began = this.#now();
    await this.#pause(plan.lasts);
    const [healed, head] = [this.#now(), this.#watch.head];
    const block = this.#until(() => this.#watch.head > head);
    await Promise.all([...this.#present].map((fault) => fault.heal()));
    this.#present.clear();
    const nextBlock = await block;
    const full = plan.strikes.filter(({ kind }) => kind === "full disk").flatMap(({ victims }) => victims);
    const allBack = await this.#until(async () => {
      await this.#startAgain(full);
      return this.#watch.heads.every((height) => height > head);
    });
    const since = (time: number | undefined) => (time === undefined ? undefined : time - healed);
    this.#incidents.push({
      ...{ at, lasted: healed - began, beyond: plan.beyond, faults: records, blocks: head - from },
      ...{ nextBlock: since(nextBlock), allBack: since(allBack) },
    });
    this.#say(`  next block after ${since(nextBlock)} ms, all back after ${since(allBack)} ms`);
    if (allBack === undefined && !this.#options.signal.aborted) this.#stuck.push(this.#notBack(healed, head));
  }

  /** A process that does not survive a full disk may end a moment after there is room again; its operator starts it. */
  async #startAgain(nodes: readonly number[]): Promise<void> {
    await Promise.all(nodes.filter((node) => !this.#cluster.runs(node)).map((node) => this.#cluster.restart(node)));
  }

  #notBack(healed: number, head: number): Violation {
    const behind = this.#watch.heads.flatMap((height, node) => {
      if (height > head) return [];
      return [`node ${node} at ${height}${this.#cluster.runs(node) ? "" : ", whose process has ended"}`];
    });
    const what = `${PATIENCE_MS} ms after the healing at ${healed} ms, at block ${head}: ${behind.join("; ")}`;
    return { rule: "back", what };
  }

  /** All chains, once everything acknowledged is mined everywhere or patience is over. */
  async #settledChains(): Promise<readonly MemberChain[]> {
    const { urls, devnet } = this.#cluster;
    // Where a member is stuck already, there is nothing to wait for.
    const patience = this.#stuck.length === 0 ? PATIENCE_MS : 0;
    await this.#until(async () => {
      const mined = urls.map((url) => this.#clients.mined(url).catch(() => false));
      return (await Promise.all(mined)).every((all) => all);
    }, patience);
    const head = this.#watch.head;
    await this.#until(() => this.#watch.heads.every((height) => height >= head), patience);
    await this.#watch.stop();
    const highest = this.#watch.head;
    this.#say(`all quiet: reading ${urls.length} chains to block ${highest}`);
    const reader = new ChainReader(devnet.info.mainchain, devnet.info.chains[0]?.chainId ?? 0);
    const chains: MemberChain[] = [];
    for (const url of urls) chains.push(await reader.read(url, highest));
    return chains;
  }

  #report(chains: readonly MemberChain[]): Report {
    const { members, seed, signal } = this.#options;
    const { acknowledgements } = this.#clients;
    const { observations, head } = this.#watch;
    const judged = signal.aborted ? [] : check({ observations, acknowledgements, chains });
    return {
      ...{ members, seed, minutes: Math.round(this.#now() / 6_000) / 10, interrupted: signal.aborted },
      ...{ incidents: this.#incidents, notInjected: this.#notInjected(), blocks: head },
      ...{ acknowledged: acknowledgements.length, observations: observations.length },
      certificates: chains.reduce((sum, { blocks }) => sum + blocks.length, 0),
      violations: [...this.#stuck, ...judged],
    };
  }

  #notInjected(): readonly string[] {
    const { sandbox } = this.#options;
    return [
      ...(sandbox.mounts ? [] : [`full disk: ${sandbox.reason}`]),
      "clock jumps of the whole process: only what its JavaScript reads as the time of day is moved",
      "loss of single packets: our wires stand above TCP and let bytes wait as long as a repetition would take",
    ];
  }

  async #keep(injecting: Promise<Injected>): Promise<Injected> {
    const injected = await injecting;
    this.#present.add(injected);
    return injected;
  }

  /** The time at which it became true; undefined where that took too long, or the run is to end. */
  async #until(probe: () => boolean | Promise<boolean>, patience = PATIENCE_MS): Promise<number | undefined> {
    const end = this.#now() + patience;
    while (this.#now() < end && !this.#options.signal.aborted) {
      if (await probe()) return this.#now();
      await this.#pause(LOOK_MS);
    }
    return undefined;
  }

  #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, signal.aborted ? 0 : milliseconds);
      signal.addEventListener("abort", done);
    });
  }

  #now(): number {
    return Math.round(performance.now() - this.#begun);
  }

  #say(line: string): void {
    this.#options.progress(`[${(this.#now() / 1_000).toFixed(1).padStart(6)} s] ${line}`);
  }
}
