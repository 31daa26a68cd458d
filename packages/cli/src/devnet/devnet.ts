import { ensureContractsBuilt, type TributaryAddresses } from "@tributary/contracts";
import { Gateway } from "@tributary/node/gateway/gateway";
import type { Logger } from "pino";
import { ensureBundle } from "../bundle/ensure-bundle.ts";
import { chainStatus } from "../chain-rpc.ts";
import { CliError, reasonOf } from "../cli-error.ts";
import { openLog } from "../open-log.ts";
import type { Output } from "../output.ts";
import { aborted } from "../stop-signal.ts";
import { DataFolder, type DevnetState } from "./data-folder.ts";
import { type DevnetInfo, removeDevnetFile } from "./devnet-file.ts";
import { DevnetPublisher } from "./devnet-publisher.ts";
import { freePorts, portIsFree } from "./free-ports.ts";
import { MAINCHAIN_ID, MainchainProcess } from "./mainchain-process.ts";
import { NetworkView, type RunningChain } from "./network-view.ts";
import { NodeChild } from "./node-child.ts";
import { type RpcSettings, writeRpcSettings } from "./rpc-settings.ts";
import {
  committeeFor,
  createNodeKeys,
  deployContracts,
  nodeRpcUrl,
  registerNodes,
  rentFirstChain,
  writeNodeConfig,
} from "./setup.ts";
import { waitForFirstBlock } from "./wake-chain.ts";

const DEFAULT_NODES = 4;
const FIRST_CHAIN = "first";
/** Milliseconds that renting and key generation, and then the first block, may take. */
const CHAIN_TIMEOUT_MS = 180_000;
/** Milliseconds that a resumed chain has to answer before the devnet is shown without it. */
const RESUME_TIMEOUT_MS = 60_000;
/** Node processes that start at one time: their start is bound by the processors. */
const PARALLEL_STARTS = 4;
const LOOK_MS = 100;

export type DevnetOptions = {
  readonly data: string;
  readonly nodes?: number;
  readonly fresh: boolean;
  /** Where it says nothing, the nodes keep what their configurations say. */
  readonly rpc: RpcSettings;
  readonly output: Output;
  readonly signal: AbortSignal;
};

/** Runs a devnet until the signal is aborted, and takes everything down again. */
export async function runDevnet(options: DevnetOptions): Promise<void> {
  const folder = await DataFolder.take(options.data);
  const devnet = new Devnet(options, folder);
  try {
    await devnet.start();
    await aborted(options.signal);
  } catch (error) {
    // A Ctrl-C during the start is a wish, not a failure.
    if (!options.signal.aborted) throw error;
  } finally {
    options.output.progress("stopping");
    await devnet.stop();
    await folder.release();
  }
}

class Devnet {
  readonly #options: DevnetOptions;
  readonly #folder: DataFolder;
  readonly #logger: Logger = openLog("warn");
  /** What to end, in the order of starting. */
  readonly #closing: (() => Promise<void>)[] = [];
  readonly #begun = performance.now();
  #stopping = false;
  /** The nodes' program, made beside the mainchain's start. */
  #bundled: Promise<void> = Promise.resolve();

  constructor(options: DevnetOptions, folder: DataFolder) {
    this.#options = options;
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const { signal } = this.#options;
    await removeDevnetFile(this.#folder.path);
    const known = await this.#known();
    const state = known ?? (await this.#plan());
    this.#bundled = ensureBundle(signal, (message) => this.#progress(message));
    const mainchain = await this.#startMainchain(state);
    const children = this.#children(state);
    const ready = known === undefined ? await this.#setUp(state, mainchain.rpc, children) : state;
    if (known !== undefined) await this.#startNodes(children);
    signal.throwIfAborted();

    const gateway = await this.#startGateway(state.ports.gateway);
    const publisher = new DevnetPublisher({
      folder: this.#folder,
      mainchain,
      gateway,
      gatewayUrl: `http://127.0.0.1:${state.ports.gateway}`,
      children,
      contracts: ready.contracts,
      fromBlock: ready.fromBlock,
      onError: (reason) => this.#progress(reason),
    });
    const view = new NetworkView(
      {
        ...{ rpc: mainchain.rpc, chainId: MAINCHAIN_ID, confirmation: 1, logger: this.#logger },
        addresses: ready.contracts as TributaryAddresses,
      },
      () => publisher.update(view.runningChains()),
    );
    view.start();
    this.#closing.push(() => view.stop());
    if (known === undefined) await this.#rent(view, ready, children.length, mainchain.rpc);
    else await this.#resume(view, mainchain);
    publisher.update(view.runningChains());
    await publisher.start();
    this.#closing.push(() => publisher.stop());
    this.#announce(publisher.info());
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const close of this.#closing.splice(0).reverse()) {
      await close().catch((error: unknown) => this.#progress(`while stopping: ${reasonOf(error)}`));
    }
    await removeDevnetFile(this.#folder.path);
  }

  /** What an earlier start left to resume; throws it away where that is wanted or it never got ready. */
  async #known(): Promise<DevnetState | undefined> {
    const { fresh, nodes } = this.#options;
    const state = fresh ? undefined : await this.#folder.read();
    if (state === undefined) {
      await this.#folder.wipe();
      return undefined;
    }
    const present = state.ports.nodes.length;
    if (nodes !== undefined && nodes !== present) {
      throw new CliError(
        "DEVNET_NODES",
        `${this.#folder.path} has ${present} nodes, not ${nodes}: --fresh begins anew`,
      );
    }
    return state;
  }

  async #plan(): Promise<DevnetState> {
    const count = this.#options.nodes ?? DEFAULT_NODES;
    const [mainchain = 0, gateway = 0, ...rest] = await freePorts(2 + 2 * count);
    const nodes = Array.from({ length: count }, (_, i) => ({ rpc: rest[2 * i] ?? 0, peer: rest[2 * i + 1] ?? 0 }));
    const state: DevnetState = {
      format: "tributary-devnet",
      version: 1,
      complete: false,
      ports: { mainchain, gateway, nodes },
      fromBlock: 0,
      contracts: {},
    };
    await this.#folder.write(state);
    return state;
  }

  async #startMainchain(state: DevnetState): Promise<MainchainProcess> {
    const port = state.ports.mainchain;
    if (!(await portIsFree(port))) throw portTaken("mainchain", port);
    const mainchain = new MainchainProcess({
      data: this.#folder.mainchain,
      port,
      onEvent: ({ kind, pid }) => this.#progress(`mainchain: anvil ${kind} (process ${pid})`),
      onError: (reason) => this.#progress(`mainchain: ${reason}`),
    });
    this.#closing.push(() => mainchain.stop());
    await mainchain.start();
    this.#progress(`mainchain at ${mainchain.rpc}`);
    return mainchain;
  }

  #children(state: DevnetState): readonly NodeChild[] {
    const children = state.ports.nodes.map(
      (ports, index) =>
        new NodeChild({ id: index + 1, dataDir: this.#folder.node(index + 1), rpc: nodeRpcUrl(ports.rpc) }),
    );
    this.#closing.push(async () => {
      await Promise.all(children.map((child) => child.stop()));
    });
    return children;
  }

  async #setUp(state: DevnetState, rpc: string, children: readonly NodeChild[]): Promise<DevnetState> {
    const { signal } = this.#options;
    const deploying = ensureContractsBuilt().then(() => deployContracts(rpc));
    const [contracts, vaults] = await Promise.all([
      deploying,
      Promise.all(children.map(({ place }) => createNodeKeys(this.#folder, place.id))),
    ]);
    this.#progress("contracts deployed, node keys made");
    signal.throwIfAborted();
    const ready: DevnetState = { ...state, contracts };
    await this.#folder.write(ready);
    for (const { place } of children) await writeNodeConfig(this.#folder, place.id, rpc, ready);
    await Promise.all([this.#startNodes(children), registerNodes(rpc, ready, vaults, signal)]);
    this.#progress("nodes staked and registered");
    return ready;
  }

  async #startNodes(children: readonly NodeChild[]): Promise<void> {
    await this.#bundled;
    const waiting = [...children];
    const starter = async (): Promise<void> => {
      for (let child = waiting.shift(); child !== undefined; child = waiting.shift()) {
        const { id, dataDir } = child.place;
        if (child.pid === 0) await writeRpcSettings(dataDir, this.#options.rpc);
        child.spawn((how) => {
          if (this.#stopping) return;
          this.#progress(`node ${id} ended (${how}); start it again: npx tributary node run --data ${dataDir}`);
        });
        await child.ready(this.#options.signal);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_STARTS }, starter));
    this.#progress(`${children.length} ${children.length === 1 ? "node is" : "nodes are"} up`);
  }

  async #startGateway(port: number): Promise<Gateway> {
    if (!(await portIsFree(port))) throw portTaken("gateway", port);
    const gateway = new Gateway({ logger: this.#logger, cors: ["*"] });
    await gateway.start({ port });
    this.#closing.push(() => gateway.stop());
    return gateway;
  }

  async #rent(view: NetworkView, state: DevnetState, nodes: number, rpc: string): Promise<void> {
    const members = committeeFor(nodes);
    const chainId = await rentFirstChain(rpc, state.contracts as TributaryAddresses, FIRST_CHAIN, members);
    this.#progress(`chain ${chainId} rented with ${members} of ${nodes} nodes; they generate its key`);
    const chain = await this.#untilRunning(view, chainId);
    this.#progress("group key generated");
    await waitForFirstBlock(chainUrls(chain), chainId, CHAIN_TIMEOUT_MS, this.#options.signal);
    this.#options.signal.throwIfAborted();
    await this.#folder.write({ ...state, complete: true });
  }

  async #untilRunning(view: NetworkView, chainId: bigint): Promise<RunningChain> {
    const end = Date.now() + CHAIN_TIMEOUT_MS;
    for (;;) {
      const chain = view.runningChains().find((running) => running.chainId === chainId);
      if (chain !== undefined) return chain;
      if (view.hasFailed(chainId)) throw new CliError("CHAIN_FAILED", `chain ${chainId} failed, its rent is refunded`);
      if (Date.now() > end)
        throw new CliError("CHAIN_SLOW", `chain ${chainId} has no key after ${CHAIN_TIMEOUT_MS} ms`);
      await this.#pause();
    }
  }

  /** Waits until the chains of before go on; one that does not is shown all the same. */
  async #resume(view: NetworkView, mainchain: MainchainProcess): Promise<void> {
    await view.caughtUp(this.#options.signal);
    const end = Date.now() + RESUME_TIMEOUT_MS;
    for (const chain of view.runningChains()) {
      for (;;) {
        const status = await chainStatus(chainUrls(chain));
        if (status?.status === "running") break;
        if (Date.now() > end) {
          this.#progress(`chain ${chain.chainId} is ${status?.status ?? "silent"} (mainchain ${mainchain.rpc})`);
          break;
        }
        await this.#pause();
      }
    }
  }

  async #pause(): Promise<void> {
    this.#options.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  #announce(info: DevnetInfo): void {
    const lines = [`mainchain  ${info.mainchain.rpc} (chain id ${info.mainchain.chainId})`];
    for (const chain of info.chains) {
      lines.push(`chain      ${chain.name}, chain id ${chain.chainId}: ${chain.gateway}`);
      for (const url of chain.rpc) lines.push(`           ${url}`);
    }
    lines.push(
      "accounts   funded on the mainchain and on every chain; their keys are public, so never use them elsewhere",
    );
    for (const { address, privateKey } of info.accounts) lines.push(`           ${address}  ${privateKey}`);
    this.#options.output.result(info, lines.join("\n"));
    this.#progress(`ready: ${this.#folder.path}/devnet.json; Ctrl-C stops everything, the next start goes on`);
  }

  #progress(message: string): void {
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(1);
    this.#options.output.progress(`[${seconds.padStart(5)} s] ${message}`);
  }
}

function chainUrls(chain: RunningChain): readonly string[] {
  return chain.members.map(({ rpc }) => `${rpc}/chains/${chain.chainId}`);
}

function portTaken(what: string, port: number): CliError {
  return new CliError("PORT_TAKEN", `the ${what}'s port 127.0.0.1:${port} is taken by another program`);
}
