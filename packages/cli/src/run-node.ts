import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { HttpReadyBoard, type WatcherStatus } from "@tributary/agents";
import type { ForkRules } from "@tributary/chain/forks/fork";
import { nodesAbi } from "@tributary/contracts/abi/nodes.generated";
import { NodeProcess, type PasswordSource } from "@tributary/node";
import type { KeyVault, ResharingVault } from "@tributary/protocol/ports/key-vault";
import type { Logger } from "pino";
import { createPublicClient, http } from "viem";
import { CliError, reasonOf } from "./cli-error.ts";
import { NodeAgents } from "./node-agents.ts";
import { type NodeConfig, readNodeConfig } from "./node-config.ts";
import { removeNodeProcess, writeNodeProcess } from "./node-process-file.ts";
import { type OpenKeys, openKeys } from "./open-keys.ts";
import { openLog } from "./open-log.ts";
import type { Output } from "./output.ts";
import { aborted } from "./stop-signal.ts";

/** Mainchain blocks by which other nodes may have been ahead of this one when the mainchain went back. */
const SEEN_BY_OTHERS = 16;

export type NodeKeys = KeyVault & ResharingVault;

export type RunNodeOptions = {
  readonly data: string;
  /** Where the password comes from; the configuration's file otherwise. */
  readonly password?: PasswordSource;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** The keys as the agents use them; the folder's vault itself where this is left out. */
  readonly agentKeys?: (vault: NodeKeys) => NodeKeys;
  /** Rules of execution that the node knows: those of this build where this is left out. */
  readonly forks?: readonly ForkRules[];
};

/** Runs one node until the signal is aborted. */
export async function runNode(options: RunNodeOptions): Promise<void> {
  const { signal } = options;
  const dataDir = resolve(options.data);
  const config = await readNodeConfig(dataDir);
  const logger = openLog(config.logLevel);
  const keys = await openKeys(dataDir, config, () => passwordSource(options, config), logger, signal);
  if (keys === undefined) return;
  try {
    await runWith(keys, dataDir, config, logger, options);
  } finally {
    keys.close();
  }
}

async function runWith(
  { vault, health, close }: OpenKeys,
  dataDir: string,
  config: NodeConfig,
  logger: Logger,
  options: RunNodeOptions,
): Promise<void> {
  const { signal, output } = options;
  const nodeId = config.nodeId ?? (await registeredId(config, vault.nodeAddress, logger, signal));
  if (nodeId === undefined) return;

  const board = new HttpReadyBoard();
  // The agents need the running node's host, and the node asks the agents' mainchain: joined by this variable.
  let agents: NodeAgents | undefined;
  let wentBack = 0;
  const node = new NodeProcess({
    nodeId,
    dataDir,
    peer: config.peer,
    rpc: config.rpc,
    vault,
    logger,
    // Longer than another node's look at the mainchain may lag behind, on a busy machine too.
    checkpointLooks: 4,
    lookup: async (number) => await agents?.blockHash(number),
    keygen: (chainId) => board.shown(chainId),
    health: () => ({ ...health(), mainchain: { ...shownStatus(agents?.status), wentBack } }),
    cors: config.rpc.cors,
    ...(config.rpc.trustedProxies === undefined ? {} : { trustedProxies: config.rpc.trustedProxies }),
    ...(config.history === undefined ? {} : { history: config.history }),
    rpcBudget: givenOnly({
      unitsPerSecond: config.rpc.unitsPerSecond,
      surplusPerSecond: config.rpc.surplusPerSecond,
    }),
    rpcLimits: givenOnly(config.rpc.limits ?? {}),
    ...(options.forks === undefined ? {} : { forks: options.forks }),
    devMethods: config.devMethods ?? false,
    gasless: givenOnly(config.gasless ?? {}),
    ...(config.diskBytes === undefined ? {} : { diskBytes: config.diskBytes }),
  });
  await node.start();
  try {
    agents = await NodeAgents.create({
      mainchain: config.mainchain,
      dataDir,
      vault: options.agentKeys?.(vault) ?? vault,
      host: node.host,
      recovery: { host: node.host, vault },
      board,
      ...(config.recoveryPatience === undefined ? {} : { patienceMs: config.recoveryPatience * 1_000 }),
      onCheckpoint: (checkpoint) => node.checkpoints.advance([checkpoint]),
      onReady: (...ready) => node.checkpoints.ready(...ready),
      forks: node.checkpoints,
      onAnswered: () => node.checkpoints.answered(),
      onRollback: (block) => {
        wentBack += 1;
        const status = agents?.status;
        const delivered = status?.kind === "following" ? Number(status.head) : 0;
        node.checkpoints.retreat(Number(block), Math.max(Number(block), delivered) + SEEN_BY_OTHERS);
      },
      logger,
    });
    agents.start();
    await writeNodeProcess(dataDir);
    const rpc = `http://${config.rpc.host}:${node.rpcPort}`;
    output.result({ nodeId, pid: process.pid, rpc, address: vault.nodeAddress }, `node ${nodeId} runs: ${rpc}`);
    flushCompileCache();
    await aborted(signal);
    logger.info("stopping");
  } finally {
    await agents?.stop();
    close();
    await node.stop();
    await removeNodeProcess(dataDir);
  }
}

type Given<K extends string> = { readonly [Name in K]?: number | undefined };

/** Settings that the operator left out are not there at all. */
function givenOnly<K extends string>(settings: Given<K>): Partial<Record<K, number>> {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<Record<K, number>>;
}

function passwordSource(options: RunNodeOptions, config: NodeConfig): PasswordSource {
  if (options.password !== undefined) return options.password;
  if (config.passwordFile !== undefined) return { file: resolve(options.data, config.passwordFile) };
  throw new CliError(
    "PASSWORD_MISSING",
    "name the keystore's password: --password-file, --password-fd or passwordFile",
  );
}

/** Waits until the node's account is registered. */
async function registeredId(
  config: NodeConfig,
  address: `0x${string}`,
  logger: Logger,
  signal: AbortSignal,
): Promise<number | undefined> {
  const nodes = config.mainchain.contracts["Nodes"];
  if (nodes === undefined) throw new CliError("CONFIG_INVALID", "mainchain.contracts lacks Nodes");
  const client = createPublicClient({ transport: http(config.mainchain.rpc, { retryCount: 0 }) });
  let said = "";
  while (!signal.aborted) {
    let wait: string;
    try {
      const args = [address] as const;
      const id = await client.readContract({ address: nodes, abi: nodesAbi, functionName: "nodeIdOf", args });
      if (id > 0) return id;
      wait = `node ${address} is not registered on the mainchain yet`;
    } catch (error) {
      wait = `the mainchain cannot be asked for the node's id: ${reasonOf(error)}`;
    }
    if (wait !== said) logger.warn(wait);
    said = wait;
    await new Promise((resolve) => setTimeout(resolve, config.mainchain.pollMs));
  }
  return undefined;
}

function shownStatus(status: WatcherStatus | undefined): object {
  if (status === undefined || status.kind === "starting") return { state: "starting" };
  if (status.kind === "unreachable") return { state: "unreachable", since: status.since, reason: status.reason };
  return { state: "following", head: Number(status.head), delivered: Number(status.delivered) };
}
