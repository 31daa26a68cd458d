import { type ForkRules, KNOWN_FORKS } from "@tributary/chain/forks/fork";
import { DEFAULT_GASLESS, type GaslessSettings } from "@tributary/chain/pool/gasless";
import type { Logger } from "pino";
import { NodeError } from "./fault/node-error.ts";
import { CheckpointBook, type CheckpointLookup } from "./host/checkpoint-book.ts";
import { type DataLock, lockData } from "./host/data-lock.ts";
import { DEFAULT_KEPT_BLOCKS, type HistoryPolicy } from "./host/member-pruning.ts";
import { NodeHost } from "./host/node-host.ts";
import { MeshEndpoint } from "./mesh/mesh-endpoint.ts";
import { emptyMeshStats } from "./mesh/mesh-stats.ts";
import type { TransportIdentity } from "./mesh/transport-identity.ts";
import { NodeMetrics, type NodeReading } from "./observe/node-metrics.ts";
import type { BudgetSettings } from "./rpc/budget.ts";
import type { AllowedOrigins } from "./rpc/cors.ts";
import type { ServerLimits } from "./rpc/limits.ts";
import { ListenError } from "./rpc/listen-error.ts";
import { RpcServer } from "./rpc/server.ts";
import type { MemberVault } from "./vault/member-vault.ts";

/** Bytes that a node gives to its chains where its operator says nothing: 256 GiB, 2 GiB a slot. */
const DEFAULT_DISK_BYTES: number = 256 * 1024 ** 3;

export type NodeConfig = {
  /** As registered on the mainchain. */
  readonly nodeId: number;
  readonly dataDir: string;
  /** Port 0 takes a free one. */
  readonly peer: { readonly host: string; readonly port: number };
  readonly rpc: { readonly host: string; readonly port: number };
  /** Keys of the links and of the members. */
  readonly vault: MemberVault & { readonly identity: TransportIdentity };
  readonly logger: Logger;
  /** Asks the mainchain for a finalised block that was passed over; see CheckpointBook. */
  readonly lookup?: CheckpointLookup;
  /** Answers of the mainchain from when a finalised block was entered until proposals name it; see CheckpointBook. */
  readonly checkpointLooks?: number;
  /** What GET /keygen/<chainId> shows. */
  readonly keygen?: (chainId: string) => object | undefined;
  /** Shown in GET /health beside the node's own state, e.g. how the mainchain is followed. */
  readonly health?: () => object;
  readonly cors?: AllowedOrigins;
  readonly trustedProxies?: readonly string[];
  readonly diskBytes?: number;
  /** Blocks that each chain keeps with their receipts, DEFAULT_KEPT_BLOCKS where it says nothing; or "archive": all. */
  readonly history?: HistoryPolicy;
  /** What JSON-RPC may take of the node's time, and hold open; what is left out has its default. */
  readonly rpcBudget?: Partial<BudgetSettings>;
  readonly rpcLimits?: Partial<ServerLimits>;
  readonly gasless?: Partial<GaslessSettings>;
  /** Rules of execution that this node knows: those of its build where it says nothing. */
  readonly forks?: readonly ForkRules[];
  /** evm_mine and the like, for chains of which this node is the only member; never in production. */
  readonly devMethods?: boolean;
  /** Heights behind from which on a member fetches a snapshot instead of every container. */
  readonly joinLag?: number;
  readonly clientVersion?: string;
};

/** About ten seconds of execution. */
const DEFAULT_JOIN_LAG = 1_024;

type Running = {
  readonly lock: DataLock;
  readonly mesh: MeshEndpoint;
  readonly rpc: RpcServer;
  readonly host: NodeHost;
  readonly peerPort: number;
  readonly rpcPort: number;
};

/** One node: its links, its JSON-RPC and the members that its agents start. */
export class NodeProcess {
  readonly #config: NodeConfig;
  readonly #metrics: NodeMetrics;
  readonly #checkpoints: CheckpointBook;
  #starting: Promise<Running> | undefined;
  #running: Running | undefined;

  constructor(config: NodeConfig) {
    this.#config = config;
    this.#checkpoints = new CheckpointBook(config.lookup, config.checkpointLooks);
    this.#metrics = new NodeMetrics(() => this.#reading());
  }

  /** Where whoever watches the mainchain enters finalised blocks. */
  get checkpoints(): CheckpointBook {
    return this.#checkpoints;
  }

  /** The members' host. Only while the node runs. */
  get host(): NodeHost {
    return this.#now().host;
  }

  get peerPort(): number {
    return this.#now().peerPort;
  }

  get rpcPort(): number {
    return this.#now().rpcPort;
  }

  /**
   * Locks the data folder and opens the ports. Idempotent. NodeError `data-locked` or `port-taken`; after an error
   * nothing is left open.
   */
  async start(): Promise<void> {
    this.#starting ??= this.#open();
    try {
      this.#running = await this.#starting;
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
  }

  /** Idempotent. Members first, then the ports, the lock last. */
  async stop(): Promise<void> {
    const starting = this.#starting;
    this.#starting = undefined;
    const running = await starting?.catch(() => undefined);
    if (running === undefined) return;
    await running.host.close();
    await running.rpc.stop();
    await running.mesh.stop();
    await running.lock.release();
    this.#running = undefined;
    this.#config.logger.info("node stopped");
  }

  #now(): Running {
    if (this.#running === undefined) throw new NodeError("closed", "the node does not run");
    return this.#running;
  }

  async #open(): Promise<Running> {
    const { nodeId, dataDir, peer, vault, logger, keygen, clientVersion, rpcBudget, rpcLimits } = this.#config;
    const { cors, trustedProxies } = this.#config;
    const opened: (() => Promise<void>)[] = [];
    try {
      const lock = await lockData(dataDir);
      opened.push(() => lock.release());
      const mesh = await MeshEndpoint.start({
        nodeId,
        host: peer.host,
        port: peer.port,
        identity: vault.identity,
        refused: (reason, node) => logger.debug({ reason, node }, "connection refused"),
      });
      opened.push(() => mesh.stop());
      const rpc = new RpcServer({
        logger,
        registry: this.#metrics.registry,
        health: () => this.#health(),
        ...(keygen === undefined ? {} : { keygen }),
        ...(cors === undefined ? {} : { cors }),
        ...(trustedProxies === undefined ? {} : { trustedProxies }),
        ...(clientVersion === undefined ? {} : { clientVersion }),
        ...(rpcBudget === undefined ? {} : { budget: rpcBudget }),
        ...(rpcLimits === undefined ? {} : { limits: rpcLimits }),
      });
      const rpcPort = await this.#listen(rpc);
      opened.push(() => rpc.stop());
      const host = new NodeHost({
        nodeId,
        dataDir,
        vault,
        mesh,
        mainchain: this.#checkpoints,
        eras: this.#checkpoints.eras,
        metrics: this.#metrics,
        logger,
        diskBytes: this.#config.diskBytes ?? DEFAULT_DISK_BYTES,
        history: this.#config.history ?? DEFAULT_KEPT_BLOCKS,
        gasless: { ...DEFAULT_GASLESS, ...this.#config.gasless },
        forks: this.#config.forks ?? KNOWN_FORKS,
        devMethods: this.#config.devMethods ?? false,
        joinLag: this.#config.joinLag ?? DEFAULT_JOIN_LAG,
        rpc,
      });
      logger.info({ node: nodeId, peerPort: mesh.port, rpcPort }, "node runs");
      return { lock, mesh, rpc, host, peerPort: mesh.port, rpcPort };
    } catch (error) {
      for (const close of opened.reverse()) await close();
      throw error;
    }
  }

  async #listen(rpc: RpcServer): Promise<number> {
    try {
      return (await rpc.start(this.#config.rpc)).port;
    } catch (error) {
      if (error instanceof ListenError) throw new NodeError("port-taken", error.message, { cause: error });
      throw error;
    }
  }

  #health(): object {
    const { nodeId, health } = this.#config;
    const failed: Record<string, object> = {};
    for (const [chainId, { code, message, at }] of this.#running?.host.failures() ?? []) {
      failed[chainId.toString()] = { code, message, at };
    }
    const falseSnapshots: Record<string, readonly number[]> = {};
    for (const [chainId, nodes] of this.#running?.host.liars() ?? []) falseSnapshots[chainId.toString()] = [...nodes];
    const unknownForks: Record<string, object> = {};
    for (const [chainId, { rules, time }] of this.#running?.host.unknownForks() ?? []) {
      unknownForks[chainId.toString()] = { rules, time };
    }
    const diverged: Record<string, object> = {};
    for (const [chainId, divergence] of this.#running?.host.divergences() ?? []) {
      diverged[chainId.toString()] = divergence;
    }
    const leaving: Record<string, object> = {};
    for (const [chainId, owed] of this.#running?.host.departures() ?? []) leaving[chainId.toString()] = owed;
    const links = this.#running?.mesh.stats.links ?? 0;
    return { ...health?.(), nodeId, links, failed, falseSnapshots, unknownForks, diverged, leaving };
  }

  #reading(): NodeReading {
    if (this.#running === undefined) return { members: [], failed: 0, mesh: emptyMeshStats() };
    const { host, mesh } = this.#running;
    return { members: host.readings(), failed: host.failures().size, mesh: mesh.stats };
  }
}
