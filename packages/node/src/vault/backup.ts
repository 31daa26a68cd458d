import { NodeError } from "../fault/node-error.ts";
import { generateTransportKey } from "../mesh/transport-identity.ts";
import { Keystore } from "./keystore.ts";
import { decodeContent, type EpochSecrets, encodeContent, type VaultContent } from "./vault-content.ts";

export type Locked = { readonly path: string; readonly password: Uint8Array };

/**
 * Writes all keys of a keystore into another file under another password. The copy counts a start of every seat that the
 * record of what was signed will not know of: whoever serves it is silent until others prove where they are.
 * consensus.md 11, amnesia.
 */
export async function copyKeystore(from: Locked, to: Locked): Promise<void> {
  const content = await read(from);
  const epochs: Record<string, EpochSecrets> = {};
  for (const [name, epoch] of Object.entries(content.epochs)) {
    epochs[name] = { ...epoch, sessions: (epoch.sessions ?? 0) + 1 };
  }
  await write(to, { ...content, epochs });
}

/**
 * Takes a node's keystore over for a vault of its own. The key of the node's links stays with the node, which is
 * registered with it: it is returned (PKCS #8 DER), and the vault gets another one for its own end.
 */
export async function moveToVault(from: Locked, to: Locked): Promise<Uint8Array> {
  const content = await read(from);
  await write(to, { ...content, transportKey: generateTransportKey() });
  return content.transportKey;
}

async function read({ path, password }: Locked): Promise<VaultContent> {
  const content = decodeContent((await Keystore.open(path, password)).content);
  if (content === undefined) throw new NodeError("vault-damaged", `${path} holds no keys of a node`);
  return content;
}

async function write({ path, password }: Locked, content: VaultContent): Promise<void> {
  await (await Keystore.create(path, password)).write(encodeContent(content));
}
