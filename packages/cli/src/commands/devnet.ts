import { Command } from "commander";
import { DEFAULT_DATA } from "../devnet/devnet-file.ts";
import type { RpcSettings } from "../devnet/rpc-settings.ts";
import { wholeNumber } from "../option-parsers.ts";
import { createOutput } from "../output.ts";
import { stopSignal } from "../stop-signal.ts";

type Options = {
  readonly data: string;
  readonly nodes?: number;
  readonly fresh?: boolean;
  readonly rpcUnits?: number;
  readonly rpcSockets?: number;
  readonly json?: boolean;
};

export function devnetCommand(): Command {
  return new Command("devnet")
    .description("Run a whole network on this machine: a mainchain, staked nodes, one rented chain. Ctrl-C ends it.")
    .option("--data <folder>", "where everything is kept; a second start resumes it", DEFAULT_DATA)
    .option("--nodes <number>", "nodes, each a process of its own (4 when new)", wholeNumber(1, 64))
    .option("--fresh", "throw the folder's devnet away and begin anew")
    .option(
      "--rpc-units <number>",
      "JSON-RPC's time on each node: units of 50 us a second",
      wholeNumber(100, 10_000_000),
    )
    .option("--rpc-sockets <number>", "WebSockets of each node, also from one address", wholeNumber(1, 1_000_000))
    .option("--json", "print the endpoints as JSON, once they are up")
    .action(async (options: Options) => {
      const { runDevnet } = await import("../devnet/devnet.ts");
      await runDevnet({
        data: options.data,
        ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
        fresh: options.fresh === true,
        rpc: rpcSettings(options),
        output: createOutput(options.json === true),
        signal: stopSignal(),
      });
    });
}

/** Beside its WebSockets a node has connections for HTTP. */
const HTTP_CONNECTIONS = 4_000;

function rpcSettings({ rpcUnits, rpcSockets }: Options): RpcSettings {
  const time = rpcUnits === undefined ? {} : { unitsPerSecond: rpcUnits, surplusPerSecond: rpcUnits };
  if (rpcSockets === undefined) return time;
  const connections = rpcSockets + HTTP_CONNECTIONS;
  return {
    ...time,
    limits: { connections, connectionsPerAddress: connections, sockets: rpcSockets, socketsPerAddress: rpcSockets },
  };
}
