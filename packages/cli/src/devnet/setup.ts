import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  connectManager,
  createChain,
  deployTributary,
  devnetParameters,
  type ManagerClient,
  mined,
  registerNode,
  registerValidator,
  type TributaryAddresses,
} from "@tributary/contracts";
import { tributaryTokenAbi } from "@tributary/contracts/abi/tributary-token.generated";
import { FileVault } from "@tributary/node/vault/file-vault";
import { GENERATED } from "@tributary/node/vault/keystore";
import { type Address, numberToHex } from "viem";
import { writeAtomically } from "../atomic-file.ts";
import { CliError } from "../cli-error.ts";
import { NODE_CONFIG_FILE, type NodeConfig } from "../node-config.ts";
import { deployerAccount, userAccount, userAccounts, validatorAccount } from "./accounts.ts";
import type { DataFolder, DevnetState } from "./data-folder.ts";
import { MAINCHAIN_ID } from "./mainchain-process.ts";

const ETHER = 10n ** 18n;
/** Mainchain ether of the devnet's own accounts and nodes. */
const OPERATING_ETHER = 10_000n * ETHER;
/** Tokens of each user account: enough for hundreds of chains. */
const USER_TOKENS = 1_000_000n * ETHER;
/** Native coin of each user account on every chain. */
const USER_COIN = 1_000_000n * ETHER;
const HOST = "127.0.0.1";
/** Milliseconds between looks for a receipt. */
const RECEIPT_POLL_MS = 40;
/** Milliseconds between a node's looks at the mainchain; few nodes may look more often. */
const FAST_POLL_MS = 200;
const SLOW_POLL_MS = 500;
const MANY_NODES = 8;

export function nodeRpcUrl(port: number): string {
  return `http://${HOST}:${port}`;
}

/** Deploys the contracts; the addresses by name. */
export async function deployContracts(rpc: string): Promise<TributaryAddresses> {
  const client = await connectManager(rpc, deployerAccount(), RECEIPT_POLL_MS);
  await setBalance(client, client.account.address);
  const addresses = await deployTributary(client, devnetParameters);
  for (const { address } of userAccounts()) await mint(client, addresses, address, USER_TOKENS);
  return addresses;
}

/** Native coin on every chain of the devnet for the user accounts. */
export function userAllocation(): readonly { readonly account: Address; readonly balance: bigint }[] {
  return userAccounts().map(({ address }) => ({ account: address, balance: USER_COIN }));
}

/** Password and keystore of a new node. */
export async function createNodeKeys(folder: DataFolder, id: number): Promise<FileVault> {
  const dataDir = folder.node(id);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const password = randomBytes(24).toString("base64url");
  await writeAtomically(join(dataDir, "password"), `${password}\n`);
  return await FileVault.create(
    join(dataDir, "keystore.json"),
    new TextEncoder().encode(password),
    undefined,
    GENERATED,
  );
}

/** Configuration of node `id`, as an operator would write it. */
export async function writeNodeConfig(folder: DataFolder, id: number, rpc: string, state: DevnetState): Promise<void> {
  const ports = state.ports.nodes[id - 1];
  if (ports === undefined) throw new RangeError(`node ${id} has no ports`);
  const config: NodeConfig = {
    version: 1,
    nodeId: id,
    mainchain: {
      rpc,
      chainId: MAINCHAIN_ID,
      contracts: state.contracts,
      fromBlock: state.fromBlock,
      confirmation: 1,
      finality: "finalized",
      checkpointDistance: 1,
      pollMs: state.ports.nodes.length >= MANY_NODES ? SLOW_POLL_MS : FAST_POLL_MS,
    },
    rpc: { host: HOST, port: ports.rpc, cors: ["*"] },
    // With others in the committee no chain could serve them.
    ...(committeeFor(state.ports.nodes.length) === 1 ? { devMethods: true } : {}),
    peer: { host: HOST, port: ports.peer },
    keystore: "keystore.json",
    passwordFile: "password",
    logLevel: "info",
  };
  await writeAtomically(join(folder.node(id), NODE_CONFIG_FILE), `${JSON.stringify(config, undefined, 2)}\n`);
}

/** Funds, stakes and registers the nodes, one validator each. Node ids are their places, from 1. */
export async function registerNodes(
  rpc: string,
  state: DevnetState,
  vaults: readonly FileVault[],
  signal: AbortSignal,
): Promise<void> {
  const addresses = state.contracts as TributaryAddresses;
  await fundNodes(rpc, addresses, vaults);
  const validators = await Promise.all(
    vaults.map((_, index) => connectManager(rpc, validatorAccount(index), RECEIPT_POLL_MS)),
  );
  await Promise.all(
    validators.map((validator) => registerValidator(validator, addresses, devnetParameters.minimumStake)),
  );
  // One after the other, so that ids follow places.
  for (const [index, vault] of vaults.entries()) {
    const validator = validators[index];
    const ports = state.ports.nodes[index];
    if (validator === undefined || ports === undefined) throw new RangeError(`node ${index + 1} has no ports`);
    signal.throwIfAborted();
    const registration = {
      endpoint: `${HOST}:${ports.peer}`,
      rpc: nodeRpcUrl(ports.rpc),
      nodeAddress: vault.nodeAddress,
      transportKey: vault.transportKey,
      blsKey: vault.blsKey,
      blsProof: vault.blsProof,
    };
    const id = await registerNode(validator, addresses, registration, (digest) => vault.signNode(digest));
    if (id !== index + 1) throw new CliError("NODE_ID", `node ${index + 1} was registered as ${id}`);
  }
}

/** Ether and tokens for the validators, ether for the nodes. */
async function fundNodes(rpc: string, addresses: TributaryAddresses, vaults: readonly FileVault[]): Promise<void> {
  const client = await connectManager(rpc, deployerAccount(), RECEIPT_POLL_MS);
  let last: `0x${string}` | undefined;
  for (const [index, vault] of vaults.entries()) {
    const validator = validatorAccount(index).address;
    await setBalance(client, validator);
    await setBalance(client, vault.nodeAddress);
    last = await mint(client, addresses, validator, 2n * devnetParameters.minimumStake);
  }
  if (last !== undefined) await mined(client, "minting", last);
}

/** Rents the first chain, paid by the first user account. */
export async function rentFirstChain(
  rpc: string,
  addresses: TributaryAddresses,
  name: string,
  members: number,
): Promise<bigint> {
  const client = await connectManager(rpc, userAccount(0), RECEIPT_POLL_MS);
  const created = await createChain(client, addresses, {
    name,
    size: "medium",
    members,
    months: 12,
    allocation: userAllocation(),
  });
  return created.chainId;
}

/** The largest committee of the usual sizes that so many nodes can fill. */
export function committeeFor(nodes: number): number {
  return [16, 7, 4, 1].find((size) => size <= nodes) ?? 1;
}

async function setBalance(client: ManagerClient, address: Address): Promise<void> {
  await client.request({ method: "anvil_setBalance", params: [address, numberToHex(OPERATING_ETHER)] } as never);
}

/** Sends only: the deployer's transactions are mined in their order. */
function mint(
  client: ManagerClient,
  addresses: TributaryAddresses,
  to: Address,
  amount: bigint,
): Promise<`0x${string}`> {
  return client.writeContract({
    address: addresses.TributaryToken,
    abi: tributaryTokenAbi,
    functionName: "mint",
    args: [to, amount],
  });
}
