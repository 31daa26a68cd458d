import type { FileVault } from "@tributary/node/vault/file-vault";
import { readPassword } from "@tributary/node/vault/password";
import { toHex } from "@tributary/protocol/bytes/index";
import { Command } from "commander";
import { wholeNumber } from "../option-parsers.ts";
import { createOutput } from "../output.ts";
import { type PasswordOptions, passwordSource } from "../password-source.ts";

type KeyOptions = PasswordOptions & { readonly json?: boolean };

export function keyCommand(): Command {
  const key = new Command("key").description("A node's keys, encrypted in one file.");
  common(key.command("create"))
    .description("Make fresh keys and show their public parts.")
    .argument("<keystore>", "file to write; it must not exist")
    .action(async (path: string, options: KeyOptions) => {
      const { FileVault } = await import("@tributary/node/vault/file-vault");
      print(await FileVault.create(path, readPassword(passwordSource(options))), options);
    });
  common(key.command("show"))
    .description("Show the public parts: what a node is registered with.")
    .argument("<keystore>", "file to read")
    .action(async (path: string, options: KeyOptions) => {
      const { FileVault } = await import("@tributary/node/vault/file-vault");
      print(await FileVault.open(path, readPassword(passwordSource(options))), options);
    });
  return key;
}

function common(command: Command): Command {
  return command
    .option("--password-file <file>", "file that holds the password")
    .option("--password-fd <number>", "open descriptor to read the password from", wholeNumber(0, 1_000))
    .option("--json", "print JSON");
}

function print(vault: FileVault, options: KeyOptions): void {
  const shown = {
    nodeAddress: vault.nodeAddress,
    blsKey: toHex(vault.blsKey),
    blsProof: toHex(vault.blsProof),
    transportKey: toHex(vault.transportKey),
  };
  const text = [
    `node address   ${shown.nodeAddress}`,
    `BLS key        ${shown.blsKey}`,
    `possession     ${shown.blsProof}`,
    `transport key  ${shown.transportKey}`,
  ].join("\n");
  createOutput(options.json === true).result(shown, text);
}
