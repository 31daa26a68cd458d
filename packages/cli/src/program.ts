import { Command } from "commander";
import { chainCommand } from "./commands/chain.ts";
import { devnetCommand } from "./commands/devnet.ts";
import { keyCommand } from "./commands/key.ts";
import { nodeCommand } from "./commands/node.ts";

/** The whole command line. Parsing throws CommanderError instead of ending the process. */
export function buildProgram(): Command {
  const program = new Command("tributary")
    .description("An elastic network of Ethereum-compatible sidechains.")
    .version("0.1.0")
    .showHelpAfterError("(--help shows the usage)");
  for (const command of [devnetCommand(), nodeCommand(), chainCommand(), keyCommand()]) program.addCommand(command);
  return overrideExit(program);
}

function overrideExit(command: Command): Command {
  command.exitOverride();
  for (const sub of command.commands) overrideExit(sub);
  return command;
}
