import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "@tributary/cli/devnet/free-ports";
import type { Random } from "../agreement/random.ts";
import { Devnet } from "../devnet/devnet.ts";
import { alive, until } from "../devnet/processes.ts";
import { Clocks } from "./clocks.ts";
import { type Door, Links } from "./links.ts";
import type { Sandbox } from "./sandbox.ts";
import { SmallDisk } from "./small-disk.ts";
import { socketOwner } from "./socket-owner.ts";

type Config = { readonly peer: { port: number } };

/** A devnet of real processes whose wires, disks and clocks are ours. Nodes count from 0, as in devnet.json. */
export class Cluster {
  readonly devnet: Devnet;
  readonly links: Links;
  readonly clocks: Clocks;
  readonly #disks: ReadonlyMap<number, SmallDisk>;
  readonly #dataDirs: readonly string[];

  private constructor(devnet: Devnet, links: Links, clocks: Clocks, disks: ReadonlyMap<number, SmallDisk>) {
    this.devnet = devnet;
    this.links = links;
    this.clocks = clocks;
    this.#disks = disks;
    this.#dataDirs = devnet.info.nodes.map(({ dataDir }) => dataDir);
  }

  /**
   * Sets a devnet of `members` nodes up in `folder`, stops it, moves its peer ports behind our wires and `disks` of its
   * nodes onto disks of their own, and starts it again.
   */
  static async start(options: {
    readonly folder: string;
    readonly members: number;
    readonly disks: number;
    readonly sandbox: Sandbox;
    readonly random: Random;
  }): Promise<Cluster> {
    const { folder, members, sandbox, random } = options;
    const clocks = new Clocks(folder);
    Object.assign(process.env, clocks.environment);
    const devnet = await Devnet.start({ nodes: members, data: join(folder, "devnet") });
    const disks = new Map<number, SmallDisk>();
    let links: Links | undefined;
    try {
      const dataDirs = devnet.info.nodes.map(({ dataDir }) => dataDir);
      await devnet.stop();
      const doors = await moveDoors(dataDirs);
      for (let node = 0; sandbox.mounts && node < options.disks; node++) {
        disks.set(node, SmallDisk.mount(dataDirs[node] ?? ""));
      }
      const pids = (): readonly number[] => dataDirs.map((dataDir) => processOf(dataDir));
      const dialler = (from: number, to: number): number | undefined => {
        const all = pids();
        const owner = socketOwner(from, to, all);
        return owner === undefined ? undefined : all.indexOf(owner);
      };
      links = await Links.open(doors, dialler, random);
      await devnet.launch([]);
      return new Cluster(devnet, links, clocks, disks);
    } catch (error) {
      await links?.close();
      await devnet.stop().catch(() => []);
      for (const disk of disks.values()) disk.unmount();
      throw error;
    }
  }

  get size(): number {
    return this.#dataDirs.length;
  }

  /** Nodes whose disk can be filled. */
  get withDisk(): readonly number[] {
    return [...this.#disks.keys()];
  }

  /** The chain's JSON-RPC at each node. */
  get urls(): readonly string[] {
    const { chains, nodes } = this.devnet.info;
    return nodes.map(({ rpc }) => `${rpc}/chains/${chains[0]?.chainId}`);
  }

  get mainchainPid(): number {
    return (this.devnet.info.mainchain as unknown as { readonly pid: number }).pid;
  }

  async kill(node: number): Promise<void> {
    await this.devnet.killNode(node);
  }

  async restart(node: number): Promise<void> {
    await this.devnet.restartNode(node);
  }

  /** False where the node's process has ended, by itself or by us. */
  runs(node: number): boolean {
    const pid = processOf(this.#dataDirs[node] ?? "");
    return pid > 0 && alive(pid);
  }

  freeze(node: number): void {
    process.kill(this.#pid(node), "SIGSTOP");
  }

  thaw(node: number): void {
    process.kill(this.#pid(node), "SIGCONT");
  }

  setClock(node: number, milliseconds: number): void {
    this.clocks.set(this.#dataDirs[node] ?? "", milliseconds);
  }

  fillDisk(node: number): void {
    this.#disks.get(node)?.fill();
  }

  freeDisk(node: number): void {
    this.#disks.get(node)?.free();
  }

  /** Ends everything. Names the processes that did not end when they were asked to. `logs`: where logs are kept. */
  async stop(logs?: string): Promise<readonly number[]> {
    const left = await this.devnet.stop();
    await this.links.close();
    await until("nodes to end", 15_000, () => this.#dataDirs.every((dataDir) => !alive(processOf(dataDir)))).catch(
      () => undefined,
    );
    if (logs !== undefined) this.#copyLogs(logs);
    for (const disk of this.#disks.values()) disk.unmount();
    return left;
  }

  /** A node's own log holds what it said until it was killed first; the devnet's holds the rest. */
  #copyLogs(folder: string): void {
    mkdirSync(folder, { recursive: true });
    copyFileSync(`${this.devnet.data}.log`, join(folder, "devnet.log"));
    for (const [node, dataDir] of this.#dataDirs.entries()) {
      copyFileSync(join(dataDir, "node.log"), join(folder, `node-${node}.log`));
    }
  }

  #pid(node: number): number {
    const pid = processOf(this.#dataDirs[node] ?? "");
    // 0 as a signal's target would mean all of us.
    if (pid < 1) throw new Error(`node ${node} has no process`);
    return pid;
  }
}

/** node.json's process; 0 where there is none. */
function processOf(dataDir: string): number {
  try {
    return Number((JSON.parse(readFileSync(join(dataDir, "node.json"), "utf8")) as { pid: unknown }).pid) || 0;
  } catch {
    return 0;
  }
}

/** Lets each node listen elsewhere than where it is registered. */
async function moveDoors(dataDirs: readonly string[]): Promise<readonly Door[]> {
  const ports = await freePorts(dataDirs.length);
  return dataDirs.map((dataDir, node) => {
    const file = join(dataDir, "config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as Config;
    const registered = config.peer.port;
    const listens = ports[node] ?? 0;
    config.peer.port = listens;
    writeFileSync(file, JSON.stringify(config));
    return { registered, listens };
  });
}
