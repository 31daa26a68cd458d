import type { PasswordSource } from "@tributary/node/vault/password";
import { Command } from "commander";
import { DEFAULT_DATA } from "../devnet/devnet-file.ts";
import type { NetworkOptions } from "../network.ts";
import { wholeNumber } from "../option-parsers.ts";
import { createOutput } from "../output.ts";
import { stopSignal } from "../stop-signal.ts";

type RunOptions = {
  readonly data: string;
  readonly passwordFile?: string;
  readonly passwordFd?: number;
  readonly json?: boolean;
};

export function nodeCommand(): Command {
  const node = new Command("node").description("Run a node, and check what it has stored.");
  node
    .command("run")
    .description("Run the node of a data folder until SIGINT or SIGTERM. Logs go to stderr as JSON lines.")
    .requiredOption("--data <folder>", "the node's folder, with its config.json")
    .option("--password-file <file>", "file that holds the keystore's password")
    .option("--password-fd <number>", "open descriptor to read the password from", wholeNumber(0, 1_000))
    .option("--json", "print what the node serves as JSON, once it is up")
    .action(async (options: RunOptions) => {
      const password = passwordSource(options);
      const { runNode } = await import("../run-node.ts");
      await runNode({
        data: options.data,
        ...(password === undefined ? {} : { password }),
        output: createOutput(options.json === true),
        signal: stopSignal(),
      });
    });
  node
    .command("audit")
    .description("Check a stopped node: is each chain's state, entry by entry, what its newest block commits to?")
    .requiredOption("--data <folder>", "the node's folder")
    .option("--chain <id>", "this chain only", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--json", "print the findings as JSON")
    .action(async (options: { readonly data: string; readonly chain?: number; readonly json?: boolean }) => {
      const { auditNode } = await import("../audit-node.ts");
      await auditNode(options.data, options.chain, createOutput(options.json === true));
    });
  node
    .command("exit")
    .description("Let a node leave its committees, a few at a time. Signed by the owner of its validator.")
    .argument("<node>", "node id", wholeNumber(1, 2 ** 32 - 1))
    .option("--data <folder>", "the devnet's folder", DEFAULT_DATA)
    .option("--network <file>", 'another network: {"rpc": url, "contracts": {name: address}}')
    .option("--key-file <file>", "private key of the validator's owner, in hexadecimal; a devnet's is known")
    .option("--json", "print JSON")
    .action(async (nodeId: number, options: NetworkOptions & { readonly json?: boolean }) => {
      const { exitNode } = await import("../exit-node.ts");
      await exitNode(nodeId, options, createOutput(options.json === true));
    });
  return node;
}

function passwordSource(options: RunOptions): PasswordSource | undefined {
  if (options.passwordFile !== undefined) return { file: options.passwordFile };
  return options.passwordFd === undefined ? undefined : { descriptor: options.passwordFd };
}
