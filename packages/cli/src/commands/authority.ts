import { Command } from "commander";
import type { OperatorOptions } from "../authority-operator.ts";
import { wholeNumber } from "../option-parsers.ts";
import { createOutput } from "../output.ts";
import { type PasswordOptions, passwordSource } from "../password-source.ts";
import { stopSignal } from "../stop-signal.ts";

type StartOptions = PasswordOptions & {
  readonly config: string;
  readonly keystore: string;
  readonly json?: boolean;
};

type KeystoreOptions = PasswordOptions & {
  readonly mnemonicFile?: string;
  readonly funderKeyFile?: string;
  readonly funder?: boolean;
  readonly json?: boolean;
};

/** What a running server does when an operator asks. */
const OPERATIONS = [
  ["status", "GET", "/v1/status", "Show the signers of a running server and what it has to do."],
  ["add-signer", "POST", "/v1/signers", "Add a signer to a running server until it ends."],
  ["sweep", "POST", "/v1/sweep", "Send what signers outside the rotation have left to the funder."],
  ["drain", "POST", "/v1/drain", "Let a running server end when what is on its way is done."],
] as const;

function withPassword(command: Command): Command {
  return command
    .option("--password-file <file>", "file that holds the keystore's password")
    .option("--password-fd <number>", "open descriptor to read the password from", wholeNumber(0, 1_000));
}

export function authorityCommand(): Command {
  const authority = new Command("authority").description("Send a backend's transactions, each exactly once.");
  withPassword(authority.command("start"))
    .description("Serve a pool of signers over HTTP until SIGINT or SIGTERM. Logs go to stderr as JSON lines.")
    .requiredOption("--config <file>", "endpoints, signers, store, callers: see the README")
    .requiredOption("--keystore <file>", "the signers' keys, encrypted: from new-keystore; nobody else may use them")
    .option("--json", "print where it listens and its signers as JSON, once it is up")
    .action(async (options: StartOptions) => {
      const { runAuthority } = await import("../run-authority.ts");
      await runAuthority({
        config: options.config,
        keystore: options.keystore,
        password: passwordSource(options),
        output: createOutput(options.json === true),
        signal: stopSignal(),
      });
    });
  withPassword(authority.command("new-keystore"))
    .description("Write the keys of a server into a new file, encrypted under a password; shows the first addresses.")
    .argument("<keystore>", "file to write; it must not exist")
    .option("--mnemonic-file <file>", "import this mnemonic; a fresh one is made otherwise")
    .option("--funder-key-file <file>", "import the secret key of the account that tops signers up")
    .option("--funder", "make such an account")
    .option("--json", "print JSON")
    .action(async (path: string, options: KeystoreOptions) => {
      const { newAuthorityKeystore } = await import("../run-authority.ts");
      const { mnemonicFile, funderKeyFile } = options;
      const keystore = {
        path,
        password: passwordSource(options),
        ...(mnemonicFile === undefined ? {} : { mnemonicFile }),
        ...(funderKeyFile === undefined ? {} : { funderKeyFile }),
        withFunder: options.funder === true,
      };
      await newAuthorityKeystore(keystore, createOutput(options.json === true));
    });
  for (const [name, method, path, description] of OPERATIONS) {
    authority
      .command(name)
      .description(description)
      .requiredOption("--url <url>", "where the server listens")
      .requiredOption("--key-file <file>", "file that holds the API key of a caller with operator: true")
      .option("--json", "print JSON on one line")
      .action(async (options: OperatorOptions & { readonly json?: boolean }) => {
        const { askAuthority } = await import("../authority-operator.ts");
        await askAuthority(options, method, path, createOutput(options.json === true));
      });
  }
  withPassword(authority.command("webhook-secret"))
    .description("Show what a caller checks the signatures of its webhooks with.")
    .argument("<caller>", "its name in the configuration")
    .requiredOption("--keystore <file>", "the server's keystore")
    .option("--json", "print JSON")
    .action(async (caller: string, options: StartOptions) => {
      const { showWebhookSecret } = await import("../run-authority.ts");
      await showWebhookSecret(options.keystore, passwordSource(options), caller, createOutput(options.json === true));
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
