// Nodes of a network on a real mainchain: real contracts, keystores and agents. Their links and chains are left out, so
// what a node holds of a chain is given to it.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import {
  AgentRunner,
  contractAbis,
  eventDecoder,
  KeygenAgent,
  KeygenCalls,
  MainchainSender,
  MainchainWatcher,
  RecoveryAgent,
  RecoveryCalls,
} from "@tributary/agents";
import type { MainchainEvent } from "@tributary/agents/mainchain/events";
import { nodeAccount } from "@tributary/agents/mainchain/node-account";
import { NonceJournal } from "@tributary/agents/mainchain/nonce-journal";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import {
  connectManager,
  deployTributary,
  devnetParameters,
  type ManagerClient,
  registerNode,
  registerValidator,
  type TributaryAddresses,
  tributaryTokenAbi,
} from "@tributary/contracts";
import { Anvil } from "@tributary/contracts/anvil.fixture";
import { FileVault } from "@tributary/node/vault/file-vault";
import { toHex } from "@tributary/protocol/bytes/index";
import type { CancelBoard, CancelEntry } from "@tributary/protocol/ports/cancel-board";
import type { ReadyBoard, ReadyEntry } from "@tributary/protocol/ports/ready-board";
import type { FinalClaim, OrderClaim, RecoveryHost } from "@tributary/protocol/ports/recovery-host";
import { type Hex, parseUnits } from "viem";
import { mnemonicToAccount } from "viem/accounts";

const mnemonic = "test test test test test test test test test test test junk";
const main: string = resolve(import.meta.dirname, "../../packages/cli/src/main.ts");
const none = (): void => undefined;
const logger = { debug: none, info: none, warn: none, error: none };
/** Milliseconds without a quorum after which a member challenges. */
const PATIENCE_MS = 3_000;

/** What a node holds of a chain, and what was asked of it. */
export class Holdings implements RecoveryHost {
  final: FinalClaim | undefined;
  order: OrderClaim | undefined;
  alone = false;
  readonly asked: string[] = [];

  async freeze(): Promise<void> {
    this.asked.push("freeze");
  }

  async thaw(): Promise<void> {
    this.asked.push("thaw");
  }

  async claims(): Promise<{ readonly final?: FinalClaim; readonly order?: OrderClaim }> {
    this.asked.push("claims");
    return { ...(this.final && { final: this.final }), ...(this.order && { order: this.order }) };
  }

  quorate(): boolean {
    return !this.alone;
  }
}

/** What nodes show each other, by the address of their JSON-RPC. */
class Boards {
  readonly #ready = new Map<string, ReadyEntry>();
  readonly #cancels = new Map<string, CancelEntry>();

  at(rpc: string): ReadyBoard & CancelBoard {
    return {
      publish: (_chain, entry) => void this.#ready.set(rpc, entry),
      withdraw: () => void this.#ready.delete(rpc),
      read: async (other) => this.#ready.get(other),
      publishCancel: (_chain, entry) => void this.#cancels.set(rpc, entry),
      withdrawCancel: () => void this.#cancels.delete(rpc),
      readCancel: async (other) => this.#cancels.get(other),
    };
  }
}

type RecoveryRunner = AgentRunner<ReturnType<RecoveryAgent["reduce"]>, MainchainEvent, never>;

export type NetworkNode = {
  readonly id: number;
  readonly vault: FileVault;
  readonly holdings: Holdings;
  readonly recovery: RecoveryRunner;
  stop(): Promise<void>;
};

export class Network {
  readonly admin: ManagerClient;
  readonly addresses: TributaryAddresses;
  readonly nodes: Map<number, NetworkNode> = new Map();
  readonly #anvil: Anvil;
  readonly #boards = new Boards();
  readonly #folder: string = mkdtempSync(join(tmpdir(), "recovery-"));

  private constructor(anvil: Anvil, admin: ManagerClient, addresses: TributaryAddresses) {
    this.#anvil = anvil;
    this.admin = admin;
    this.addresses = addresses;
  }

  static async start(nodes: number, recovery: (typeof devnetParameters)["recovery"]): Promise<Network> {
    const anvil = await Anvil.start("--block-time", "1", "--mixed-mining", "--accounts", String(nodes + 1));
    const admin = await connectManager(anvil.rpc, mnemonicToAccount(mnemonic), 20);
    const windows = { accept: 10, dealing: 15, complaints: 10, total: 120 };
    const addresses = await deployTributary(admin, { ...devnetParameters, recovery, windows });
    const network = new Network(anvil, admin, addresses);
    await network.#mint(admin.account.address);
    for (let id = 1; id <= nodes; id++) network.nodes.set(id, await network.#addNode(id));
    return network;
  }

  async stop(): Promise<void> {
    for (const node of this.nodes.values()) await node.stop();
    await this.#anvil.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Waits for a transaction that must not revert. */
  async done(hash: Promise<Hex>): Promise<void> {
    const receipt = await this.admin.waitForTransactionReceipt({ hash: await hash });
    if (receipt.status !== "success") throw new Error(`${receipt.transactionHash} was reverted`);
  }

  /** What `tributary chain` prints as JSON; the admin's account pays. */
  async command(...parameters: readonly string[]): Promise<Record<string, unknown>> {
    const [file, keyFile] = [join(this.#folder, "network.json"), join(this.#folder, "key")];
    writeFileSync(file, JSON.stringify({ rpc: this.#anvil.rpc, contracts: this.addresses }));
    const key = mnemonicToAccount(mnemonic).getHdKey().privateKey as Uint8Array;
    writeFileSync(keyFile, toHex(key), { mode: 0o600 });
    const all = [main, "chain", ...parameters, "--network", file, "--key-file", keyFile, "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, all);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  async #mint(to: Hex): Promise<void> {
    const token = { address: this.addresses.TributaryToken, abi: tributaryTokenAbi } as const;
    await this.done(this.admin.writeContract({ ...token, functionName: "mint", args: [to, parseUnits("1000", 18)] }));
  }

  async #addNode(id: number): Promise<NetworkNode> {
    const owner = await connectManager(this.#anvil.rpc, mnemonicToAccount(mnemonic, { addressIndex: id }), 20);
    await this.#mint(owner.account.address);
    await registerValidator(owner, this.addresses, devnetParameters.minimumStake);
    const vault = await FileVault.create(join(this.#folder, `${id}.json`), new TextEncoder().encode("correct horse"));
    await this.#fund(vault.nodeAddress);
    const rpc = `http://127.0.0.1:${8000 + id}`;
    const { nodeAddress, transportKey, blsKey, blsProof } = vault;
    const node = { nodeAddress, transportKey, blsKey, blsProof, endpoint: `127.0.0.1:${9000 + id}`, rpc };
    await registerNode(owner, this.addresses, node, (digest) => vault.signNode(digest));
    return await this.#run(id, vault, this.#boards.at(rpc));
  }

  async #fund(address: Hex): Promise<void> {
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "anvil_setBalance",
      params: [address, "0x56bc75e2d63100000"],
    });
    await fetch(this.#anvil.rpc, { method: "POST", headers: { "content-type": "application/json" }, body });
  }

  async #run(id: number, vault: FileVault, board: ReadyBoard & CancelBoard): Promise<NetworkNode> {
    const { Nodes, Chains, Committees, KeyGeneration, Resharing, Rotations, Recovery, Renewals, Forks } =
      this.addresses;
    const contracts = {
      nodes: Nodes,
      chains: Chains,
      committees: Committees,
      keyGeneration: KeyGeneration,
      resharing: Resharing,
      rotations: Rotations,
      recovery: Recovery,
      renewals: Renewals,
      forks: Forks,
    };
    const watcher = new MainchainWatcher<MainchainEvent>({
      rpc: this.#anvil.rpc,
      chainId: 31_337,
      contracts: Object.values(contracts),
      fromBlock: 0n,
      decode: eventDecoder(contractAbis(contracts)),
      confirmation: 0,
      finality: 0,
      checkpointDistance: 1,
      intervalMs: 200,
      logger,
    });
    const journal = await NonceJournal.open(diskFolder(this.#folder), `sender-${id}.json`);
    const account = nodeAccount(vault);
    const { client } = watcher;
    const sender = new MainchainSender({ client, chainId: 31_337, account, journal, pollMs: 100, logger });
    const options = { logger, tickMs: 200 };
    const calls = new KeygenCalls(sender, KeyGeneration);
    const keygen = new AgentRunner(new KeygenAgent({ vault, board, calls, logger }), options);
    const holdings = new Holdings();
    let stopped = false;
    const agent = new RecoveryAgent({
      nodeAddress: vault.nodeAddress,
      vault,
      host: holdings,
      running: () => (stopped ? [] : [...recovery.state.handovers.history.keys()]),
      board,
      calls: new RecoveryCalls(sender, Recovery),
      patienceMs: PATIENCE_MS,
      logger,
    });
    const recovery = new AgentRunner(agent, options) as RecoveryRunner;
    watcher.follow(recovery);
    watcher.follow(keygen);
    watcher.start();
    keygen.start();
    recovery.start();
    const stop = async (): Promise<void> => {
      if (stopped) return;
      stopped = true;
      await Promise.all([watcher.stop(), keygen.stop(), recovery.stop(), sender.stop()]);
    };
    return { id, vault, holdings, recovery, stop };
  }
}

export async function until(what: string, seconds: number, condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 4 * seconds) throw new Error(`${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
