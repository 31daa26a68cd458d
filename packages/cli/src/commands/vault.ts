import type { HexHash } from "@tributary/protocol/consensus/types";
import { Command } from "commander";
import { type Endpoint, endpoint, sha256Hash, wholeNumber } from "../option-parsers.ts";
import { createOutput } from "../output.ts";
import { type PasswordOptions, passwordSource } from "../password-source.ts";
import { stopSignal } from "../stop-signal.ts";

type VaultOptions = PasswordOptions & { readonly data: string; readonly json?: boolean };

export function vaultCommand(): Command {
  const vault = new Command("vault").description(
    "A node's keys in a process of their own, perhaps on another machine, with its own record of what it signed.",
  );
  keyed(vault.command("init"))
    .description(
      "Make a vault and the key that its node asks with. Shows what the node is configured and registered with.",
    )
    .requiredOption("--link-key <file>", "file to write for the node: the key of its links and of its connection here")
    .option("--from-keystore <file>", "take over the keys of a node (stopped) instead of making fresh ones")
    .option("--keystore-password-file <file>", "password of that keystore, where it is another one")
    .action(async (options: InitOptions) => {
      const { initVault } = await import("../manage-vault.ts");
      const password = passwordSource(options);
      const { fromKeystore, keystorePasswordFile } = options;
      const source = keystorePasswordFile === undefined ? password : { file: keystorePasswordFile };
      const from = fromKeystore === undefined ? undefined : { path: fromKeystore, password: source };
      await initVault(options.data, password, options.linkKey, from, outputOf(options));
    });
  keyed(vault.command("serve"))
    .description("Serve the vault until SIGINT or SIGTERM. Logs go to stderr as JSON lines.")
    .option("--listen <host:port>", "where to listen", endpoint, { host: "127.0.0.1", port: 7300 })
    .action(async (options: VaultOptions & { readonly listen: Endpoint }) => {
      const { serveVault } = await import("../serve-vault.ts");
      await serveVault(options.data, passwordSource(options), options.listen, outputOf(options), stopSignal());
    });
  keyed(vault.command("show"))
    .description("Show the public parts of the keys, and who may ask.")
    .action(async (options: VaultOptions) => {
      const { showVault } = await import("../manage-vault.ts");
      await showVault(options.data, passwordSource(options), outputOf(options));
    });
  common(vault.command("add-client"))
    .description("Let a node ask the vault; a running vault takes it up.")
    .argument("<hash>", "SHA-256 of the SubjectPublicKeyInfo of the node's link key", sha256Hash)
    .action(async (keyHash: HexHash, options: VaultOptions) => {
      const { addClient } = await import("../manage-vault.ts");
      await addClient(options.data, keyHash, outputOf(options));
    });
  keyed(vault.command("export-backup"))
    .description("Write all keys, encrypted, into one file. Also while the vault is served.")
    .argument("<file>", "file to write; it must not exist")
    .requiredOption("--backup-password-file <file>", "password of the backup")
    .action(async (path: string, options: BackupOptions) => {
      const { exportBackup } = await import("../manage-vault.ts");
      const to = { path, password: { file: options.backupPasswordFile } };
      await exportBackup(options.data, passwordSource(options), to, outputOf(options));
    });
  keyed(vault.command("restore"))
    .description(
      "Make a vault from a backup, where the one before is gone for good: two with the same keys are one too many.",
    )
    .argument("<file>", "the backup")
    .requiredOption("--backup-password-file <file>", "password of the backup")
    .option("--client <hash>", "link key of the node that may ask", sha256Hash)
    .action(async (path: string, options: BackupOptions & { readonly client?: HexHash }) => {
      const { restoreVault } = await import("../manage-vault.ts");
      const from = { path, password: { file: options.backupPasswordFile } };
      const clients = options.client === undefined ? [] : [options.client];
      await restoreVault(options.data, passwordSource(options), from, clients, outputOf(options));
    });
  return vault;
}

type InitOptions = VaultOptions & {
  readonly linkKey: string;
  readonly fromKeystore?: string;
  readonly keystorePasswordFile?: string;
};
type BackupOptions = VaultOptions & { readonly backupPasswordFile: string };

function common(command: Command): Command {
  return command.requiredOption("--data <folder>", "the vault's folder").option("--json", "print JSON");
}

function keyed(command: Command): Command {
  return common(command)
    .option("--password-file <file>", "file that holds the vault's password")
    .option("--password-fd <number>", "open descriptor to read the password from", wholeNumber(0, 1_000));
}

function outputOf(options: VaultOptions): ReturnType<typeof createOutput> {
  return createOutput(options.json === true);
}
