import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { z } from "zod";
import { readJson, writeAtomically } from "./atomic-file.ts";
import { CliError } from "./cli-error.ts";

const MAX_CLIENTS = 16;

const keyHash = z.custom<HexHash>((value) => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value));
const schema = z.strictObject({ version: z.literal(1), clients: z.array(keyHash).max(MAX_CLIENTS) });

/** The folder of a vault: keys, the record of what they signed, and who may ask. */
export class VaultFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get keystore(): string {
    return join(this.path, "keystore.json");
  }

  /** One journal a group. */
  get record(): string {
    return join(this.path, "record");
  }

  /** Makes the folder for new keys. What is left of another vault could say that something was signed, or that it was not. */
  async create(): Promise<void> {
    for (const used of [this.keystore, this.record]) {
      if (existsSync(used)) throw new CliError("VAULT_EXISTS", `${used} exists: a vault begins in a folder of its own`);
    }
    await mkdir(this.path, { recursive: true, mode: 0o700 });
  }

  /** Key hashes of the nodes that may ask. */
  async clients(): Promise<readonly HexHash[]> {
    const content = await readJson(this.#clients);
    if (content === undefined) return [];
    const parsed = schema.safeParse(content);
    if (!parsed.success) throw new CliError("VAULT_CLIENTS", `${this.#clients} is no list of clients`);
    return parsed.data.clients;
  }

  async setClients(clients: readonly HexHash[]): Promise<void> {
    if (clients.length > MAX_CLIENTS) throw new CliError("VAULT_CLIENTS", `a vault has at most ${MAX_CLIENTS} clients`);
    await writeAtomically(this.#clients, `${JSON.stringify({ version: 1, clients }, undefined, 2)}\n`);
  }

  get #clients(): string {
    return join(this.path, "clients.json");
  }
}
