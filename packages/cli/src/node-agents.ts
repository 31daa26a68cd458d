import {
  AgentRunner,
  contractAbis,
  eventDecoder,
  ForkAnnouncements,
  type ForkBook,
  type HttpReadyBoard,
  KeygenAgent,
  KeygenCalls,
  LifecycleAgent,
  LifecycleCalls,
  type Logger,
  type MainchainEvent,
  MainchainSender,
  MainchainWatcher,
  NonceJournal,
  nodeAccount,
  ReadyEpochs,
  RecoveryAgent,
  RecoveryCalls,
  type RecoveryState,
  type RecoveryTask,
  RenewalCalls,
  ResharingAgent,
  ResharingCalls,
  type RunnerOptions,
  type WatcherStatus,
} from "@tributary/agents";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import type { Checkpoint, HexHash } from "@tributary/protocol/consensus/types";
import type { CancelVault } from "@tributary/protocol/ports/cancel-vault";
import type { KeyVault, ResharingVault } from "@tributary/protocol/ports/key-vault";
import type { MemberHost } from "@tributary/protocol/ports/member-host";
import type { RecoveryHost } from "@tributary/protocol/ports/recovery-host";
import type { Address } from "viem";
import { CliError, reasonOf } from "./cli-error.ts";
import type { NodeConfig } from "./node-config.ts";

/** Longer than a restart of many machines takes. */
const RECOVERY_PATIENCE_MS = 15 * 60_000;

/** Milliseconds between looks at a mainchain whose contracts say nothing, where operators or a devnet set less. */
const REST_MS = 1_000;

export type NodeAgentsOptions = {
  readonly mainchain: NodeConfig["mainchain"];
  readonly dataDir: string;
  readonly vault: KeyVault & ResharingVault;
  readonly host: MemberHost;
  /** What a Recovery asks of the members here; none takes part in any without it. */
  readonly recovery?: { readonly host: RecoveryHost; readonly vault: CancelVault };
  /** Milliseconds without a quorum before a member asks the mainchain whether the others are gone. */
  readonly patienceMs?: number;
  readonly board: HttpReadyBoard;
  readonly onCheckpoint: (checkpoint: Checkpoint) => void;
  /** READY of a reshared epoch, or of an era by schedule, is in a block; before any checkpoint at or above it. */
  readonly onReady: (group: HexHash, era: number, epoch: number, block: number) => void;
  /** Hears of announced rules before any checkpoint at or above their blocks. */
  readonly forks: ForkBook;
  /** The mainchain answered, and had nothing newer. */
  readonly onAnswered: () => void;
  /** The mainchain went back below checkpoints that were given. */
  readonly onRollback: (block: bigint) => void;
  readonly logger: Logger;
};

/** Everything of a node that looks at the mainchain: one watcher, one sender, and the agents behind them. */
export class NodeAgents {
  readonly #watcher: MainchainWatcher<MainchainEvent>;
  readonly #sender: MainchainSender;
  readonly #runners: readonly { start(): void; stop(): Promise<void> }[];
  readonly #logger: Logger;

  private constructor(
    watcher: MainchainWatcher<MainchainEvent>,
    sender: MainchainSender,
    runners: readonly { start(): void; stop(): Promise<void> }[],
    logger: Logger,
  ) {
    this.#watcher = watcher;
    this.#sender = sender;
    this.#runners = runners;
    this.#logger = logger;
  }

  static async create(options: NodeAgentsOptions): Promise<NodeAgents> {
    const { mainchain, vault, host, board, logger } = options;
    const contracts = {
      nodes: contractAddress(mainchain, "Nodes"),
      chains: contractAddress(mainchain, "Chains"),
      committees: contractAddress(mainchain, "Committees"),
      keyGeneration: contractAddress(mainchain, "KeyGeneration"),
      resharing: contractAddress(mainchain, "Resharing"),
      rotations: contractAddress(mainchain, "Rotations"),
      recovery: contractAddress(mainchain, "Recovery"),
      renewals: contractAddress(mainchain, "Renewals"),
      forks: contractAddress(mainchain, "Forks"),
    };
    const watcher = new MainchainWatcher<MainchainEvent>({
      rpc: mainchain.rpc,
      chainId: mainchain.chainId,
      contracts: Object.values(contracts),
      fromBlock: BigInt(mainchain.fromBlock),
      decode: eventDecoder(contractAbis(contracts)),
      confirmation: mainchain.confirmation,
      finality: mainchain.finality,
      checkpointDistance: mainchain.checkpointDistance,
      intervalMs: mainchain.pollMs,
      restMs: REST_MS,
      logger,
    });
    const sender = new MainchainSender({
      client: watcher.client,
      chainId: mainchain.chainId,
      account: nodeAccount(vault),
      journal: await NonceJournal.open(diskFolder(options.dataDir), "mainchain-sender.json"),
      pollMs: mainchain.pollMs,
      logger,
    });
    const runnerOptions = { logger, tickMs: mainchain.pollMs, restMs: REST_MS };
    const keygenCalls = new KeygenCalls(sender, contracts.keyGeneration);
    const current = (chainId: bigint): boolean => host.current(chainId);
    const keygen = new AgentRunner(
      new KeygenAgent({ vault, board, calls: keygenCalls, current, logger }),
      runnerOptions,
    );
    const lifecycleCalls = new LifecycleCalls(sender, watcher.client, contracts);
    const renewalCalls = new RenewalCalls(sender, watcher.client, contracts.renewals);
    const lifecycle = new AgentRunner(
      new LifecycleAgent({ vault, host, calls: lifecycleCalls, renewals: renewalCalls, logger }),
      runnerOptions,
    );
    const resharingCalls = new ResharingCalls(sender, contracts.resharing);
    const resharing = new AgentRunner(
      new ResharingAgent({ vault, board, calls: resharingCalls, current, logger }),
      runnerOptions,
    );
    const recovery = recoveryRunner(options, new RecoveryCalls(sender, contracts.recovery), runnerOptions);
    // A member that starts knows whether it may sign at all.
    if (recovery !== undefined) watcher.follow(recovery);
    watcher.follow(keygen);
    watcher.follow(lifecycle);
    watcher.follow(resharing);
    // Before the checkpoints: whoever executes up to one knows of every epoch and of all rules that it shows.
    watcher.follow(new ReadyEpochs(options.onReady));
    watcher.follow(new ForkAnnouncements(options.forks));
    watcher.follow({
      apply: () => undefined,
      rollback: options.onRollback,
      checkpoint: options.onCheckpoint,
      answered: options.onAnswered,
    });
    const runners = [keygen, lifecycle, resharing, ...(recovery === undefined ? [] : [recovery])];
    return new NodeAgents(watcher, sender, runners, logger);
  }

  get status(): WatcherStatus {
    return this.#watcher.status;
  }

  /** Hash of a mainchain block; undefined where there is none or the mainchain is away. */
  async blockHash(number: number): Promise<HexHash | undefined> {
    try {
      const block = await this.#watcher.client.getBlock({ blockNumber: BigInt(number) });
      return block.hash ?? undefined;
    } catch {
      return undefined;
    }
  }

  /** Does not wait for the mainchain: a node serves what it has while the mainchain is away. */
  start(): void {
    this.#sender
      .recover()
      .catch((error: unknown) => this.#logger.debug({ reason: reasonOf(error) }, "unconfirmed transactions wait"));
    this.#watcher.start();
    for (const runner of this.#runners) runner.start();
  }

  async stop(): Promise<void> {
    await this.#watcher.stop();
    await this.#sender.stop();
    for (const runner of this.#runners) await runner.stop();
  }
}

type RecoveryRunner = AgentRunner<RecoveryState, MainchainEvent, RecoveryTask>;

function recoveryRunner(
  { vault, host, board, recovery, patienceMs, logger }: NodeAgentsOptions,
  calls: RecoveryCalls,
  runnerOptions: RunnerOptions,
): RecoveryRunner | undefined {
  if (recovery === undefined) return undefined;
  const agent = new RecoveryAgent({
    nodeAddress: vault.nodeAddress,
    vault: recovery.vault,
    host: recovery.host,
    running: () => host.running(),
    board,
    calls,
    patienceMs: patienceMs ?? RECOVERY_PATIENCE_MS,
    logger,
  });
  return new AgentRunner(agent, runnerOptions);
}

function contractAddress(mainchain: NodeConfig["mainchain"], name: string): Address {
  const address = mainchain.contracts[name];
  if (address === undefined) throw new CliError("CONFIG_INVALID", `mainchain.contracts lacks ${name}`);
  return address;
}
