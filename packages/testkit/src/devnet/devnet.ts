import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { alive, descendants, until } from "./processes.ts";

/** devnet.json, as scripts outside rely on it. */
export type DevnetInfo = {
  readonly startedAt: string;
  readonly pid: number;
  readonly mainchain: {
    readonly rpc: string;
    readonly chainId: number;
    readonly contracts: Readonly<Record<string, `0x${string}`>>;
  };
  readonly chains: readonly {
    readonly name: string;
    readonly chainId: number;
    readonly rpc: readonly string[];
    readonly ws: readonly string[];
    readonly gateway: string;
    readonly groupPublicKey: `0x${string}`;
    readonly members: readonly number[];
  }[];
  readonly nodes: readonly {
    readonly id: number;
    readonly pid: number;
    readonly rpc: string;
    readonly dataDir: string;
  }[];
  readonly accounts: readonly { readonly address: `0x${string}`; readonly privateKey: `0x${string}` }[];
};

const root = resolve(import.meta.dirname, "../../../..");
const main = join(root, "packages/cli/src/main.ts");

/** A devnet of real processes, started as a user starts it, for tests and benchmarks. */
export class Devnet {
  readonly data: string;
  readonly #keep: boolean;
  #process: ChildProcess | undefined;
  readonly #restarted: ChildProcess[] = [];

  private constructor(data: string, keep: boolean) {
    this.data = data;
    this.#keep = keep;
  }

  /** Starts `tributary devnet` on a new data folder and waits for devnet.json. */
  static async start(options: {
    readonly nodes?: number;
    readonly data?: string;
    readonly arguments?: readonly string[];
    readonly timeout?: number;
  }): Promise<Devnet> {
    const data = options.data ?? mkdtempSync(join(tmpdir(), "tributary-devnet-"));
    const devnet = new Devnet(data, options.data !== undefined);
    const extra = options.nodes === undefined ? [] : ["--nodes", String(options.nodes)];
    await devnet.launch([...extra, ...(options.arguments ?? [])], options.timeout);
    return devnet;
  }

  /** (Re)starts the devnet's own process on the same data folder. */
  async launch(parameters: readonly string[] = [], timeout = 180_000): Promise<void> {
    const child = spawn(process.execPath, [main, "devnet", "--data", this.data, ...parameters], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(join(this.data, "..", `${this.data.split("/").pop()}.log`), { flags: "a" });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    this.#process = child;
    const file = join(this.data, "devnet.json");
    let ended = false;
    await until(
      `devnet.json (log: ${this.data}.log)`,
      timeout,
      () => {
        ended = child.exitCode !== null || child.signalCode !== null;
        return ended || (existsSync(file) && this.info.pid === child.pid);
      },
      200,
    );
    // At once, rather than when nobody expects it any longer.
    if (ended) throw new DevnetEnded(child.exitCode, readFileSync(`${this.data}.log`, "utf8").slice(-3000));
  }

  get info(): DevnetInfo {
    return JSON.parse(readFileSync(join(this.data, "devnet.json"), "utf8")) as DevnetInfo;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** kill -9 of one node, by its place in devnet.json. */
  async killNode(index: number): Promise<void> {
    const node = this.info.nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    process.kill(node.pid, "SIGKILL");
    await until("the node's end", 5_000, () => !alive(node.pid), 20);
  }

  /**
   * Starts a killed node again as an operator would, and waits until devnet.json names its new process. Another
   * `program` takes its place where one is named: a file and its first parameters.
   */
  async restartNode(index: number, program: readonly string[] = [main, "node"]): Promise<void> {
    const node = this.info.nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    const child = spawn(process.execPath, [...program, "run", "--data", node.dataDir], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(`${this.data}.log`, { flags: "a" });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    this.#restarted.push(child);
    await until("the node's new pid in devnet.json", 60_000, () => this.info.nodes[index]?.pid === child.pid);
  }

  /** kill -9 of everything: the devnet's process, all nodes, anvil. */
  async crash(): Promise<void> {
    const all = [...descendants(this.pid), ...this.info.nodes.map((node) => node.pid), this.pid];
    for (const pid of all) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone already.
      }
    }
    await until("the end of all processes", 10_000, () => all.every((pid) => !alive(pid)), 20);
  }

  /** A clean stop by SIGINT; says which processes were left behind (none, if all is well). */
  async stop(): Promise<readonly number[]> {
    const child = this.#process;
    if (child === undefined) return [];
    const before = descendants(child.pid ?? 0);
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
    for (const other of this.#restarted) if (other.exitCode === null) other.kill("SIGINT");
    try {
      await until("a clean stop", 30_000, () => child.exitCode !== null || child.signalCode !== null, 50);
      await until("the end of the nodes", 10_000, () => before.every((pid) => !alive(pid)), 50).catch(() => false);
    } finally {
      const left = before.filter((pid) => alive(pid));
      for (const pid of [...left, child.pid ?? 0]) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // Gone, as it should be.
        }
      }
      this.#left = left;
    }
    return this.#left;
  }

  #left: readonly number[] = [];

  /** Stops and removes the data folder (kept when the caller gave it). */
  async dispose(): Promise<void> {
    await this.stop().catch(() => undefined);
    if (!this.#keep) {
      rmSync(this.data, { recursive: true, force: true });
      rmSync(`${this.data}.log`, { force: true });
    }
  }
}

class DevnetEnded extends Error {
  constructor(code: number | null, tail: string) {
    super(`tributary devnet ended with ${code}: ${tail}`);
  }
}
