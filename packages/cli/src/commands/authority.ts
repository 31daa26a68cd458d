import { Command } from "commander";
import { createOutput } from "../output.ts";
import { stopSignal } from "../stop-signal.ts";

type StartOptions = {
  readonly config: string;
  readonly mnemonicFile: string;
  readonly funderKeyFile?: string;
  readonly json?: boolean;
};

export function authorityCommand(): Command {
  const authority = new Command("authority").description("Send a backend's transactions, each exactly once.");
  authority
    .command("start")
    .description("Serve a pool of signers over HTTP until SIGINT or SIGTERM. Logs go to stderr as JSON lines.")
    .requiredOption("--config <file>", "endpoints, signers, store, callers: see the README")
    .requiredOption("--mnemonic-file <file>", "file that holds the signers' mnemonic; nobody else may use it")
    .option("--funder-key-file <file>", "file that holds the secret key of the account that tops signers up")
    .option("--json", "print where it listens and its signers as JSON, once it is up")
    .action(async (options: StartOptions) => {
      const { runAuthority } = await import("../run-authority.ts");
      await runAuthority({
        config: options.config,
        mnemonicFile: options.mnemonicFile,
        ...(options.funderKeyFile === undefined ? {} : { funderKeyFile: options.funderKeyFile }),
        output: createOutput(options.json === true),
        signal: stopSignal(),
      });
    });
  authority
    .command("new-key")
    .description("Make an API key, and the hash of it that a caller in the configuration has.")
    .option("--json", "print both as JSON")
    .action(async (options: { readonly json?: boolean }) => {
      const { newApiKey } = await import("../run-authority.ts");
      newApiKey(createOutput(options.json === true));
    });
  return authority;
}
