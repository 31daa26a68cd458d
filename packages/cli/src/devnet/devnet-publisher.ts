import type { Gateway } from "@tributary/node/gateway/gateway";
import { reasonOf } from "../cli-error.ts";
import { GatewayChains } from "../gateway-chains.ts";
import { userAccounts } from "./accounts.ts";
import type { DataFolder } from "./data-folder.ts";
import { type DevnetChain, type DevnetInfo, writeDevnetFile } from "./devnet-file.ts";
import { MAINCHAIN_ID, type MainchainProcess } from "./mainchain-process.ts";
import type { RunningChain } from "./network-view.ts";
import type { NodeChild } from "./node-child.ts";

/** Milliseconds between looks at the processes. */
const WATCH_MS = 250;

type Parts = {
  readonly folder: DataFolder;
  readonly mainchain: MainchainProcess;
  readonly gateway: Gateway;
  /** Where the gateway serves, without a path. */
  readonly gatewayUrl: string;
  readonly children: readonly NodeChild[];
  readonly contracts: Readonly<Record<string, `0x${string}`>>;
  readonly fromBlock: number;
  readonly onError: (reason: string) => void;
};

/** Keeps devnet.json and the gateway in step with chains that come and go and nodes that are started again. */
export class DevnetPublisher {
  readonly #parts: Parts;
  readonly #accounts = userAccounts();
  readonly #startedAt = new Date().toISOString();
  readonly #served: GatewayChains;
  #chains: readonly DevnetChain[] = [];
  #timer: NodeJS.Timeout | undefined;
  #written = "";
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#served = new GatewayChains(parts.gateway);
  }

  /** Takes over which chains run. */
  update(chains: readonly RunningChain[]): void {
    this.#served.update(chains);
    this.#chains = chains.map((chain) => this.#describe(chain));
    if (this.#timer !== undefined) this.#publish();
  }

  /** Writes devnet.json from now on. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => this.#publish(), WATCH_MS);
    this.#publish();
    await this.#writing;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#writing;
  }

  info(): DevnetInfo {
    const { mainchain, children, contracts, fromBlock } = this.#parts;
    return {
      startedAt: this.#startedAt,
      pid: process.pid,
      mainchain: { rpc: mainchain.rpc, chainId: MAINCHAIN_ID, pid: mainchain.pid, fromBlock, contracts },
      chains: this.#chains,
      nodes: children.map((child) => ({
        id: child.place.id,
        pid: child.lastPid,
        rpc: child.place.rpc,
        dataDir: child.place.dataDir,
      })),
      accounts: this.#accounts,
    };
  }

  #describe(chain: RunningChain): DevnetChain {
    const path = `/chains/${chain.chainId}`;
    const rpc = chain.members.map((member) => member.rpc + path);
    return {
      name: chain.name,
      chainId: Number(chain.chainId),
      rpc,
      ws: rpc.map((url) => url.replace(/^http/, "ws")),
      gateway: this.#parts.gatewayUrl + path,
      groupPublicKey: chain.groupPublicKey,
      members: chain.members.map(({ nodeId }) => nodeId),
    };
  }

  #publish(): void {
    const info = this.info();
    const text = JSON.stringify(info);
    if (text === this.#written) return;
    this.#written = text;
    this.#writing = this.#writing
      .then(() => writeDevnetFile(this.#parts.folder.path, info))
      .catch((error: unknown) => this.#parts.onError(`devnet.json cannot be written: ${reasonOf(error)}`));
  }
}
