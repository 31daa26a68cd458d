import {
  contractAbis,
  emptyLifecycle,
  eventDecoder,
  type LifecycleState,
  type Logger,
  type MainchainEvent,
  MainchainWatcher,
  reduceLifecycle,
} from "@tributary/agents";
import type { TributaryAddresses } from "@tributary/contracts";

const POLL_MS = 300;

/** A chain that runs (or is paused), with its members by seat. */
export type RunningChain = {
  readonly chainId: bigint;
  readonly name: string;
  readonly groupPublicKey: `0x${string}`;
  readonly members: readonly { readonly nodeId: number; readonly rpc: string }[];
};

export type NetworkViewOptions = {
  readonly rpc: string;
  readonly addresses: TributaryAddresses;
  /** Of the mainchain. */
  readonly chainId: number;
  /** Blocks below the head that count as confirmed, or the mainchain's own notion. */
  readonly confirmation: number | "safe";
  readonly logger: Logger;
};

/** A look at the mainchain from outside: which chains run, on which nodes. */
export class NetworkView {
  readonly #watcher: MainchainWatcher<MainchainEvent>;
  #state: LifecycleState = emptyLifecycle;
  #snapshots: { readonly block: bigint; readonly state: LifecycleState }[] = [];

  constructor(options: NetworkViewOptions, onChange: () => void) {
    const { Nodes: nodes, Chains: chains, Committees: committees, KeyGeneration: keyGeneration } = options.addresses;
    const { Resharing: resharing, Rotations: rotations, Recovery: recovery, Forks: forks } = options.addresses;
    const { Renewals: renewals } = options.addresses;
    const contracts = { nodes, chains, committees, keyGeneration, resharing, rotations, recovery, renewals, forks };
    this.#watcher = new MainchainWatcher<MainchainEvent>({
      rpc: options.rpc,
      chainId: options.chainId,
      contracts: Object.values(contracts),
      fromBlock: 0n,
      decode: eventDecoder(contractAbis(contracts)),
      confirmation: options.confirmation,
      finality: "finalized",
      checkpointDistance: 1,
      intervalMs: POLL_MS,
      logger: options.logger,
    });
    this.#watcher.follow({
      apply: ({ facts, through, caughtUp }) => {
        for (const fact of facts) this.#state = reduceLifecycle(this.#state, fact);
        this.#snapshots = [...this.#snapshots.slice(-255), { block: through.number, state: this.#state }];
        if (caughtUp) onChange();
      },
      rollback: (block) => {
        this.#snapshots = this.#snapshots.filter((snapshot) => snapshot.block <= block);
        this.#state = this.#snapshots.at(-1)?.state ?? emptyLifecycle;
      },
    });
  }

  start(): void {
    this.#watcher.start();
  }

  async stop(): Promise<void> {
    await this.#watcher.stop();
  }

  /** Resolves when everything that is confirmed by then was read. */
  caughtUp(signal: AbortSignal): Promise<void> {
    return this.#watcher.caughtUp(signal);
  }

  /** In the order of their creation. */
  runningChains(): readonly RunningChain[] {
    const { chains, nodes, generations, handovers } = this.#state;
    const running = [...chains.records.values()].filter(({ state }) => state === "running" || state === "paused");
    running.sort((a, b) => Number(a.nonce - b.nonce));
    return running.flatMap((chain) => {
      const key = generations.done.get(chain.chainId)?.at(-1)?.result?.groupKey;
      const committee = handovers.history.get(chain.chainId)?.at(-1)?.nodeIds ?? chain.nodeIds;
      const members = committee.flatMap((nodeId) => {
        const node = nodes.get(nodeId);
        return node === undefined ? [] : [{ nodeId, rpc: node.rpc }];
      });
      return key === undefined ? [] : [{ chainId: chain.chainId, name: chain.name, groupPublicKey: key, members }];
    });
  }

  /** A chain that will never run. */
  hasFailed(chainId: bigint): boolean {
    return this.#state.chains.records.get(chainId)?.state === "failed";
  }
}
