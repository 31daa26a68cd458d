import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeAccount, encodeAccount } from "@tributary/chain/state/account";
import { BUCKETS, bucketOf } from "@tributary/chain/state/bucket-set";
import { accountKey } from "@tributary/chain/state/flat-key";
import { fromKey } from "@tributary/chain/store/key";
import { LevelStore } from "@tributary/chain/store/level-store";
import { addressOf } from "@tributary/chain/transaction/sign.fixture";
import { accounts as funded, generateChain, TestNode } from "@tributary/node/node.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import { until } from "../../devnet/processes.ts";
import { call } from "../../devnet/rpc.ts";
import { idleAccount, JOIN_CHAIN, SPEC_FILE, type StoredSpec } from "./join-spec.ts";

const script = fileURLToPath(new URL("./join-node.ts", import.meta.url));
const START_MS = 240_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}

/** A chain whose members are processes on loopback, without a mainchain: only where state comes from matters here. */
export class JoinNetwork {
  readonly root: string;
  readonly #stored: StoredSpec;
  readonly #processes = new Map<number, ChildProcess>();

  private constructor(root: string, stored: StoredSpec) {
    this.root = root;
    this.#stored = stored;
  }

  /** Keys, ports and specification in a folder; no process yet. */
  static async create(members: number, accounts: number): Promise<JoinNetwork> {
    const root = mkdtempSync(join(tmpdir(), "join-"));
    const nodes: TestNode[] = [];
    const ports: { peer: number; rpc: number }[] = [];
    for (let id = 1; id <= members; id++) {
      const node = await TestNode.create(id, root);
      node.peerPort = await freePort();
      node.rpcPort = await freePort();
      ports.push({ peer: node.peerPort, rpc: node.rpcPort });
      nodes.push(node);
    }
    const { chainId: _, genesis, ...spec } = await generateChain(nodes, JOIN_CHAIN);
    const { chainId: __, allocation: ___, ...rest } = genesis;
    const stored: StoredSpec = {
      spec: { ...spec, slots: 128, genesis: rest },
      funded: funded.map((key) => toHex(addressOf(key))),
      accounts,
      ports,
    };
    writeFileSync(join(root, SPEC_FILE), JSON.stringify(stored));
    return new JoinNetwork(root, stored);
  }

  /** Starts the process of a node and does not wait for it. */
  spawn(id: number, joinLag: number): void {
    const child = spawn(process.execPath, [script, this.root, String(id), String(joinLag)], {
      env: { ...process.env, TEST_LOG: "info" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(this.#logFile(id), { flags: "a" });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    this.#processes.set(id, child);
  }

  /** Waits until the node serves the chain. */
  async serves(id: number): Promise<void> {
    await until(`node ${id} (log: ${this.#logFile(id)})`, START_MS, async () => {
      const child = this.#processes.get(id);
      if (child?.exitCode !== null) throw new Error("the process ended");
      return (await this.height(id)) >= 0;
    });
  }

  async stop(id: number, signal: "SIGINT" | "SIGKILL"): Promise<void> {
    const child = this.#processes.get(id);
    this.#processes.delete(id);
    if (child === undefined || child.exitCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }

  rpc<T>(id: number, method: string, ...params: readonly unknown[]): Promise<T> {
    return call<T>(`${this.#url(id)}/chains/${JOIN_CHAIN}`, method, ...params);
  }

  async height(id: number): Promise<number> {
    return Number(await this.rpc<string>(id, "eth_blockNumber"));
  }

  /** Ids of the nodes that served this one a false snapshot. */
  async liars(id: number): Promise<readonly number[]> {
    const health = (await (await fetch(`${this.#url(id)}/health`)).json()) as {
      readonly falseSnapshots: Readonly<Record<string, readonly number[]>>;
    };
    return health.falseSnapshots[JOIN_CHAIN.toString()] ?? [];
  }

  /** Lines of the node's log with this message, oldest first. */
  log(id: number, message: string): readonly Readonly<Record<string, unknown>>[] {
    if (!existsSync(this.#logFile(id))) return [];
    const lines = readFileSync(this.#logFile(id), "utf8").split("\n");
    return lines
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .filter(({ msg }) => msg === message);
  }

  chainFolder(id: number): string {
    return join(this.root, `node-${id}`, "chains", JOIN_CHAIN.toString(), "chain");
  }

  /**
   * What a disk would do that lies: one account of each bucket changes. The node must be stopped; it notices nothing,
   * since its accumulators are right, and so is all it says about the state but the buckets.
   */
  async spoil(id: number): Promise<void> {
    const store = await LevelStore.open(join(this.chainFolder(id), "state"));
    const left = new Set(Array.from({ length: BUCKETS }, (_, bucket) => bucket));
    for (let index = funded.length; index < this.#stored.accounts && left.size > 0; index++) {
      const key = fromKey(accountKey(idleAccount(index)));
      if (!left.delete(bucketOf(key))) continue;
      const account = decodeAccount(store.get(key) ?? new Uint8Array(0));
      if (account === undefined) throw new Error("the account is there");
      await store.write([{ key, value: encodeAccount({ ...account, balance: account.balance + 1n }) }]);
    }
    await store.close();
    if (left.size > 0) throw new Error("too few accounts for a false one in each bucket");
  }

  async dispose(): Promise<void> {
    for (const id of [...this.#processes.keys()]) await this.stop(id, "SIGKILL");
    rmSync(this.root, { recursive: true, force: true });
  }

  #url(id: number): string {
    return `http://127.0.0.1:${this.#stored.ports[id - 1]?.rpc ?? 0}`;
  }

  #logFile(id: number): string {
    return join(this.root, `node-${id}.log`);
  }
}
