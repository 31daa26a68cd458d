import { Command } from "commander";
import { authorityCommand } from "./commands/authority.ts";
import { chainCommand } from "./commands/chain.ts";
import { devnetCommand } from "./commands/devnet.ts";
import { gatewayCommand } from "./commands/gateway.ts";
import { importChainCommand } from "./commands/import-chain.ts";
import { keyCommand } from "./commands/key.ts";
import { nodeCommand } from "./commands/node.ts";
import { proofCommand } from "./commands/proof.ts";
import { sendCommand } from "./commands/send.ts";
import { vaultCommand } from "./commands/vault.ts";

/**
 * The whole command line. Parsing throws CommanderError instead of ending the process; with `json` it leaves it to the
 * caller to say what is wrong.
 */
export function buildProgram(json = false): Command {
  const program = new Command("tributary")
    .description("An elastic network of Ethereum-compatible sidechains.")
    .version("0.1.0");
  const commands = [
    devnetCommand(),
    nodeCommand(),
    chainCommand(),
    sendCommand(),
    proofCommand(),
    gatewayCommand(),
    keyCommand(),
    vaultCommand(),
    authorityCommand(),
    importChainCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  return overrideExit(program, json);
}

function overrideExit(command: Command, silent: boolean): Command {
  command.exitOverride().showHelpAfterError("(--help shows the usage)");
  // Help keeps its place: only errors are silenced.
  if (silent) command.configureOutput({ outputError: () => undefined }).showHelpAfterError(false);
  for (const sub of command.commands) overrideExit(sub, silent);
  return command;
}
