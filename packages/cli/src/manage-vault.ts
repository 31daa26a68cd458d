import { resolve } from "node:path";
import { generateTransportKey } from "@tributary/node/mesh/transport-identity";
import { copyKeystore, moveToVault } from "@tributary/node/vault/backup";
import { FileVault } from "@tributary/node/vault/file-vault";
import { type PasswordSource, readPassword } from "@tributary/node/vault/password";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { refuseExisting, writeLinkKey } from "./link-key.ts";
import type { Output } from "./output.ts";
import { VaultFolder } from "./vault-folder.ts";

type Keystore = { readonly path: string; readonly password: PasswordSource };

/** Makes a vault: with fresh keys, or with those of a node that had them in its own folder. */
export async function initVault(
  data: string,
  password: PasswordSource,
  linkKey: string,
  from: Keystore | undefined,
  output: Output,
): Promise<void> {
  const folder = new VaultFolder(data);
  refuseExisting(resolve(linkKey));
  await folder.create();
  const secret = readPassword(password);
  let link: Uint8Array;
  if (from === undefined) {
    await FileVault.create(folder.keystore, secret);
    link = generateTransportKey();
  } else {
    const source = { path: resolve(from.path), password: readPassword(from.password) };
    link = await moveToVault(source, { path: folder.keystore, password: secret });
  }
  const { keyHash } = await writeLinkKey(linkKey, link);
  await folder.setClients([keyHash]);
  if (from !== undefined) {
    output.progress(
      `Delete ${resolve(from.path)} now: keys in two places may contradict each other. The vault has no record of what ` +
        "they signed, so this member is silent for a few heights; move the next one when it votes again.",
    );
  }
  await showVault(data, password, output);
}

/** Public parts of a vault's keys, and who may ask it. */
export async function showVault(data: string, password: PasswordSource, output: Output): Promise<void> {
  const folder = new VaultFolder(data);
  const vault = await FileVault.open(folder.keystore, readPassword(password));
  const clients = await folder.clients();
  const shown = {
    keyHash: vault.identity.keyHash,
    nodeAddress: vault.nodeAddress,
    blsKey: toHex(vault.blsKey),
    blsProof: toHex(vault.blsProof),
    clients,
  };
  const text = [
    `vault's TLS key  ${shown.keyHash}`,
    `node address     ${shown.nodeAddress}`,
    `BLS key          ${shown.blsKey}`,
    `possession       ${shown.blsProof}`,
    ...clients.map((client) => `client           ${client}`),
  ].join("\n");
  output.result(shown, text);
}

/** A running vault takes it up at the next connection. */
export async function addClient(data: string, keyHash: HexHash, output: Output): Promise<void> {
  const folder = new VaultFolder(data);
  const clients = [...new Set([...(await folder.clients()), keyHash])];
  await folder.setClients(clients);
  output.result({ clients }, clients.join("\n"));
}

export async function exportBackup(
  data: string,
  password: PasswordSource,
  to: Keystore,
  output: Output,
): Promise<void> {
  const path = resolve(to.path);
  const from = { path: new VaultFolder(data).keystore, password: readPassword(password) };
  await copyKeystore(from, { path, password: readPassword(to.password) });
  output.result({ backup: path }, `written: ${path}`);
}

/** The record of what was signed is not in a backup, so the restored vault is silent until others prove where they are. */
export async function restoreVault(
  data: string,
  password: PasswordSource,
  from: Keystore,
  clients: readonly HexHash[],
  output: Output,
): Promise<void> {
  const folder = new VaultFolder(data);
  await folder.create();
  const backup = { path: resolve(from.path), password: readPassword(from.password) };
  await copyKeystore(backup, { path: folder.keystore, password: readPassword(password) });
  await folder.setClients(clients);
  await showVault(data, password, output);
}
