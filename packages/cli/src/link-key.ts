import { createPrivateKey } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type TransportIdentity, transportIdentity } from "@tributary/node/mesh/transport-identity";
import { writeAtomically } from "./atomic-file.ts";
import { CliError, reasonOf } from "./cli-error.ts";

/** The key of a node's links, where its other keys are in a vault elsewhere: PEM, PKCS #8, for its owner's eyes only. */
export async function readLinkKey(file: string): Promise<TransportIdentity> {
  try {
    const key = createPrivateKey(await readFile(file));
    return transportIdentity(key.export({ format: "der", type: "pkcs8" }));
  } catch (error) {
    throw new CliError("LINK_KEY", `${file} holds no key for links: ${reasonOf(error)}`, { cause: error });
  }
}

/** `pkcs8`: DER. */
export async function writeLinkKey(file: string, pkcs8: Uint8Array): Promise<TransportIdentity> {
  const identity = transportIdentity(pkcs8);
  await writeAtomically(resolve(file), identity.privateKey);
  return identity;
}

/** Before keys are made that belong to it. */
export function refuseExisting(file: string): void {
  if (existsSync(file)) throw new CliError("FILE_EXISTS", `${file} exists already`);
}
