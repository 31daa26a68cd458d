import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeAccount, encodeAccount } from "@tributary/chain/state/account";
import { BUCKETS, bucketOf } from "@tributary/chain/state/bucket-set";
import { accountKey } from "@tributary/chain/state/flat-key";
import { fromKey } from "@tributary/chain/store/key";
import { LevelStore } from "@tributary/chain/store/level-store";
import { addressOf } from "@tributary/chain/transaction/sign.fixture";
import { freePorts } from "@tributary/cli/devnet/free-ports";
import { accounts as funded, generateChain, reshareChain, TestNode } from "@tributary/node/node.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import { processorTime, until } from "../../devnet/processes.ts";
import { call } from "../../devnet/rpc.ts";
import { idleAccount, JOIN_CHAIN, READY_FILE, SPEC_FILE, type StoredSpec } from "./join-spec.ts";

const script = fileURLToPath(new URL("./join-node.ts", import.meta.url));
const START_MS = 900_000;

/** A chain whose members are processes on loopback, without a mainchain: only where state comes from matters here. */
export class JoinNetwork {
  readonly root: string;
  readonly #stored: StoredSpec;
  readonly #processes = new Map<number, ChildProcess>();

  readonly #temporary: boolean;

  private constructor(root: string, stored: StoredSpec, temporary: boolean) {
    this.root = root;
    this.#stored = stored;
    this.#temporary = temporary;
  }

  /** What an earlier run made in the folder, or keys, ports and specification in it; no process yet. */
  static async open(members: number, accounts: number, folder: string | undefined): Promise<JoinNetwork> {
    const root = folder ?? mkdtempSync(join(tmpdir(), "join-"));
    mkdirSync(root, { recursive: true });
    if (!existsSync(join(root, SPEC_FILE))) await JoinNetwork.#create(root, members, accounts);
    const stored = JSON.parse(readFileSync(join(root, SPEC_FILE), "utf8")) as StoredSpec;
    if (stored.accounts !== accounts) throw new RangeError(`${root} holds a chain with ${stored.accounts} accounts`);
    return new JoinNetwork(root, stored, folder === undefined);
  }

  static async #create(root: string, members: number, accounts: number): Promise<void> {
    const nodes: TestNode[] = [];
    const ports: { peer: number; rpc: number }[] = [];
    for (let id = 1; id <= members; id++) {
      const node = await TestNode.create(id, root);
      [node.peerPort = 0, node.rpcPort = 0] = await freePorts(2);
      ports.push({ peer: node.peerPort, rpc: node.rpcPort });
      nodes.push(node);
    }
    const founder = nodes.slice(0, 1);
    const first = { ...(await generateChain(founder, JOIN_CHAIN)), slots: 128 };
    const second = await reshareChain(first, founder, nodes);
    const addresses = funded.map((key) => toHex(addressOf(key)));
    const stored: StoredSpec = { first: storable(first), second: storable(second), funded: addresses, accounts, ports };
    writeFileSync(join(root, SPEC_FILE), JSON.stringify(stored));
  }

  /** All members are in charge, in this run or since an earlier one. */
  get isReady(): boolean {
    return existsSync(join(this.root, READY_FILE));
  }

  /** Tells all that the second epoch is ready, those too that start later. */
  ready(): void {
    writeFileSync(join(this.root, READY_FILE), "");
    for (const child of this.#processes.values()) child.send("ready");
  }

  /** Leaves nothing of a node but its keys. */
  empty(id: number): void {
    rmSync(join(this.root, `node-${id}`, "chains"), { recursive: true, force: true });
    rmSync(this.#logFile(id), { force: true });
  }

  /** Of a running node; 0 where there is none. Microseconds of its processes so far. */
  processorTime(id: number): number {
    return processorTime(this.#processes.get(id)?.pid ?? -1);
  }

  /** Starts the process of a node and does not wait for it. */
  spawn(id: number, joinLag: number): void {
    const child = spawn(process.execPath, [script, this.root, String(id), String(joinLag)], {
      env: { ...process.env, TEST_LOG: "info" },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const log = createWriteStream(this.#logFile(id), { flags: "a" });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    this.#processes.set(id, child);
  }

  /** Waits until the node serves the chain. */
  async serves(id: number): Promise<void> {
    const what = `node ${id} (log: ${this.#logFile(id)})`;
    const ended = (): boolean => this.#processes.get(id)?.exitCode !== null;
    await until(what, START_MS, async () => ended() || (await this.height(id)) >= 0);
    if (ended()) throw new Error(`${what}: the process ended`);
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

  /** Of the newest block. */
  async epoch(id: number): Promise<number> {
    const { header } = await this.rpc<{ readonly header: { readonly epoch: number } }>(
      id,
      "tributary_getFinality",
      "latest",
    );
    return header.epoch;
  }

  /** The next one of an account, by what the node has. */
  async nonce(id: number, key: Uint8Array): Promise<bigint> {
    return BigInt(await this.rpc<string>(id, "eth_getTransactionCount", toHex(addressOf(key)), "pending"));
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
    if (this.#temporary) rmSync(this.root, { recursive: true, force: true });
  }

  #url(id: number): string {
    return `http://127.0.0.1:${this.#stored.ports[id - 1]?.rpc ?? 0}`;
  }

  #logFile(id: number): string {
    return join(this.root, `node-${id}.log`);
  }
}

/** Without what the chain's number and the accounts say. */
function storable({ chainId: _, genesis, ...spec }: MemberSpec): StoredSpec["first"] {
  const { chainId: __, allocation: ___, ...rest } = genesis;
  return { ...spec, genesis: rest };
}
