import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readJson, writeAtomically } from "../atomic-file.ts";
import { CliError, reasonOf } from "../cli-error.ts";

type Hex = `0x${string}`;

/** devnet.json: what scripts need to use a running devnet. */
export type DevnetInfo = {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly pid: number;
  readonly mainchain: {
    readonly rpc: string;
    readonly chainId: number;
    readonly pid: number;
    readonly fromBlock: number;
    readonly contracts: Readonly<Record<string, Hex>>;
  };
  readonly chains: readonly DevnetChain[];
  readonly nodes: readonly {
    readonly id: number;
    readonly pid: number;
    readonly rpc: string;
    readonly dataDir: string;
  }[];
  /** Well-known development accounts, funded on the mainchain and on every chain. */
  readonly accounts: readonly { readonly address: Hex; readonly privateKey: Hex }[];
  readonly portal?: string;
};

export type DevnetChain = {
  readonly name: string;
  readonly chainId: number;
  /** JSON-RPC of each member, by seat. */
  readonly rpc: readonly string[];
  readonly ws: readonly string[];
  /** Goes on while members fail. */
  readonly gateway: string;
  /** Compressed G1, 48 bytes. */
  readonly groupPublicKey: Hex;
  /** Node ids by seat. */
  readonly members: readonly number[];
};

export const DEFAULT_DATA = ".tributary";

export function devnetFile(data: string): string {
  return join(resolve(data), "devnet.json");
}

export async function writeDevnetFile(data: string, info: DevnetInfo): Promise<void> {
  await writeAtomically(devnetFile(data), `${JSON.stringify(info, undefined, 2)}\n`, 0o644);
}

export async function removeDevnetFile(data: string): Promise<void> {
  await rm(devnetFile(data), { force: true });
}

/** The running devnet of a data folder. */
export async function readDevnetFile(data: string): Promise<DevnetInfo> {
  const path = devnetFile(data);
  let content: unknown;
  try {
    content = await readJson(path);
  } catch (error) {
    throw new CliError("DEVNET_UNREADABLE", `${path}: ${reasonOf(error)}`, { cause: error });
  }
  if (content === undefined) {
    throw new CliError("DEVNET_NOT_RUNNING", `${path} does not exist: start the devnet with npm start, or name --data`);
  }
  return content as DevnetInfo;
}
