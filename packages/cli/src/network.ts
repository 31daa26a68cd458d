import { readFile } from "node:fs/promises";
import { connectManager, contractOrder, type ManagerClient, type TributaryAddresses } from "@tributary/contracts";
import type { LocalAccount } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { readJson } from "./atomic-file.ts";
import { CliError, reasonOf } from "./cli-error.ts";
import { type DevnetInfo, readDevnetFile } from "./devnet/devnet-file.ts";

/** Which network a command talks to, and who pays. */
export type NetworkOptions = {
  readonly data: string;
  readonly network?: string;
  readonly keyFile?: string;
  readonly account?: number;
};

export type Network = {
  readonly rpc: string;
  readonly contracts: TributaryAddresses;
  /** Only for a devnet. */
  readonly devnet: DevnetInfo | undefined;
};

/** The network of `--network` (a file like devnet.json's `mainchain`), or the devnet of `--data`. */
export async function findNetwork(options: NetworkOptions): Promise<Network> {
  if (options.network === undefined) {
    const devnet = await readDevnetFile(options.data);
    return { rpc: devnet.mainchain.rpc, contracts: allContracts(devnet.mainchain.contracts, "devnet.json"), devnet };
  }
  const content = (await readJson(options.network).catch((error: unknown) => {
    throw new CliError("NETWORK_UNREADABLE", `${options.network}: ${reasonOf(error)}`);
  })) as { readonly rpc?: unknown; readonly contracts?: unknown } | undefined;
  if (typeof content?.rpc !== "string" || typeof content.contracts !== "object" || content.contracts === null) {
    throw new CliError("NETWORK_INVALID", `${options.network} must hold {"rpc": url, "contracts": {name: address}}`);
  }
  const contracts = allContracts(content.contracts as Record<string, unknown>, options.network);
  return { rpc: content.rpc, contracts, devnet: undefined };
}

/** A client that signs with the key file's key, or with one of the devnet's accounts. */
export async function connectAs(network: Network, options: NetworkOptions): Promise<ManagerClient> {
  return await reach(network, privateKeyToAccount(await signingKey(network, options)));
}

/** A client that signs with an account at hand. */
export async function connectWith(network: Network, account: LocalAccount): Promise<ManagerClient> {
  return await reach(network, account);
}

/** A client for reading only. */
export async function connectReader(network: Network): Promise<ManagerClient> {
  return await reach(network, privateKeyToAccount(`0x${"00".repeat(31)}01`));
}

async function reach(network: Network, account: LocalAccount): Promise<ManagerClient> {
  try {
    return await connectManager(network.rpc, account);
  } catch (error) {
    throw new CliError("MAINCHAIN_UNREACHABLE", `the mainchain at ${network.rpc} does not answer`, { cause: error });
  }
}

async function signingKey(network: Network, options: NetworkOptions): Promise<`0x${string}`> {
  if (options.keyFile !== undefined) {
    const text = (
      await readFile(options.keyFile, "utf8").catch((error: unknown) => {
        throw new CliError("KEY_UNREADABLE", `${options.keyFile}: ${reasonOf(error)}`);
      })
    ).trim();
    const key = text.startsWith("0x") ? text : `0x${text}`;
    if (!/^0x[0-9a-fA-F]{64}$/.test(key)) {
      throw new CliError("KEY_INVALID", `${options.keyFile} does not hold a private key of 32 bytes in hexadecimal`);
    }
    return key as `0x${string}`;
  }
  const account = network.devnet?.accounts[options.account ?? 0];
  if (account === undefined) throw new CliError("KEY_MISSING", "name the paying account's key file with --key-file");
  return account.privateKey;
}

function allContracts(found: Readonly<Record<string, unknown>>, source: string): TributaryAddresses {
  for (const name of contractOrder) {
    const address = found[name];
    if (typeof address !== "string" || !/^0x[0-9a-fA-F]{40}$/.test(address)) {
      throw new CliError("NETWORK_INVALID", `${source} has no address of ${name}`);
    }
  }
  return found as TributaryAddresses;
}
