import { join, resolve } from "node:path";
import type { TransportIdentity } from "@tributary/node/mesh/transport-identity";
import { FileVault } from "@tributary/node/vault/file-vault";
import type { MemberVault } from "@tributary/node/vault/member-vault";
import { type PasswordSource, readPassword } from "@tributary/node/vault/password";
import { RemoteVault, type RemoteVaultOptions, type VaultPublicKeys } from "@tributary/node/vault/remote/remote-vault";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { CancelVault } from "@tributary/protocol/ports/cancel-vault";
import type { KeyVault, ResharingVault } from "@tributary/protocol/ports/key-vault";
import type { Logger } from "pino";
import { z } from "zod";
import { readJson, writeAtomically } from "./atomic-file.ts";
import { CliError } from "./cli-error.ts";
import { readLinkKey } from "./link-key.ts";
import type { NodeConfig } from "./node-config.ts";

export type OpenKeys = {
  readonly vault: KeyVault & ResharingVault & CancelVault & MemberVault & { readonly identity: TransportIdentity };
  /** Shown in GET /health. */
  readonly health: () => object;
  /** Before the node stops. */
  readonly close: () => void;
};

/** The node's keys: in its own keystore, or in a vault elsewhere. Undefined when the signal is aborted before. */
export async function openKeys(
  dataDir: string,
  config: NodeConfig,
  password: () => PasswordSource,
  logger: Logger,
  signal: AbortSignal,
): Promise<OpenKeys | undefined> {
  if (config.vault === undefined) {
    const vault = await FileVault.open(join(dataDir, config.keystore), readPassword(password()));
    return { vault, health: () => ({}), close: () => undefined };
  }
  const { linkKey, ...address } = config.vault;
  const identity = await readLinkKey(resolve(dataDir, linkKey));
  const options: RemoteVaultOptions = { identity, address, logger };
  const keys = (await remembered(dataDir)) ?? (await learn(dataDir, options, signal));
  if (keys === undefined) return undefined;
  const vault = new RemoteVault(options, keys);
  const health = (): object => ({ vault: { connected: vault.connected, members: vault.seats } });
  return { vault, health, close: () => vault.close() };
}

const FILE = "vault-keys.json";

const hex = z.string().regex(/^0x([0-9a-f]{2})+$/);
const schema = z.strictObject({ nodeAddress: hex.length(42), blsKey: hex.length(98), blsProof: hex.length(194) });

/** A node whose vault is away starts nevertheless: it knows from an earlier time who it is. */
async function remembered(dataDir: string): Promise<VaultPublicKeys | undefined> {
  const content = await readJson(join(dataDir, FILE));
  if (content === undefined) return undefined;
  const parsed = schema.safeParse(content);
  if (!parsed.success) throw new CliError("CONFIG_INVALID", `${join(dataDir, FILE)} is damaged; it may be deleted`);
  const { nodeAddress, blsKey, blsProof } = parsed.data;
  return { nodeAddress: nodeAddress as `0x${string}`, blsKey: bytesOf(blsKey), blsProof: bytesOf(blsProof) };
}

async function learn(
  dataDir: string,
  options: RemoteVaultOptions,
  signal: AbortSignal,
): Promise<VaultPublicKeys | undefined> {
  const keys = await RemoteVault.ask(options, signal);
  if (keys === undefined) return undefined;
  const { nodeAddress, blsKey, blsProof } = keys;
  const content = { nodeAddress, blsKey: toHex(blsKey), blsProof: toHex(blsProof) };
  await writeAtomically(join(dataDir, FILE), `${JSON.stringify(content, undefined, 2)}\n`);
  return keys;
}

function bytesOf(text: string): Uint8Array {
  return fromHex(text) ?? new Uint8Array(0);
}
