import { Command } from "commander";
import { wholeNumber } from "../option-parsers.ts";
import { createOutput } from "../output.ts";
import { stopSignal } from "../stop-signal.ts";

type Options = {
  readonly genesis: string;
  readonly chain: string;
  readonly serve?: number;
  readonly json?: boolean;
};

export function importChainCommand(): Command {
  return new Command("import-chain")
    .description("Execute an exported Ethereum chain, holding each block to its roots, and serve it over JSON-RPC.")
    .requiredOption("--genesis <file>", "genesis file in geth's form")
    .requiredOption("--chain <file>", "the chain's blocks as RLP, one after the other")
    .option(
      "--serve <port>",
      "serve it on loopback until SIGINT or SIGTERM; 0 takes a free port",
      wholeNumber(0, 65_535),
    )
    .option("--json", "print head and endpoint as JSON, once they are known")
    .action(async (options: Options) => {
      const { runImportChain } = await import("../run-import-chain.ts");
      await runImportChain({
        ...{ genesis: options.genesis, chain: options.chain, output: createOutput(options.json === true) },
        ...(options.serve === undefined ? {} : { port: options.serve }),
        signal: stopSignal(),
      });
    });
}
