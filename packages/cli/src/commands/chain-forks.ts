import type { Command } from "commander";
import { type ChainForks, cancelFork, chainForks, forkTime, scheduleFork } from "../chain-forks.ts";
import { findChain } from "../chain-view.ts";
import { CliError } from "../cli-error.ts";
import { connectAs, connectReader, findNetwork, type NetworkOptions } from "../network.ts";
import { wholeNumber } from "../option-parsers.ts";
import { createOutput, table } from "../output.ts";

type CommonOptions = NetworkOptions & { readonly json?: boolean };
type ScheduleOptions = CommonOptions & { readonly rules?: number; readonly at?: string; readonly cancel?: boolean };

/** `chain forks` and `chain schedule-fork`. `common`: the options that every command of `chain` has. */
export function addForkCommands(chain: Command, common: (command: Command) => Command): void {
  common(chain.command("forks"))
    .description("List the changes of a chain's rules, and whether its members are ready for the next one.")
    .argument("<chain>", "chain id or name")
    .action((id: string, options: CommonOptions) => list(id, options));
  common(chain.command("schedule-fork"))
    .description("Announce other rules of execution for a chain, or take the last announcement back. Owner only.")
    .argument("<chain>", "chain id or name")
    .option("--rules <number>", "which rules: see chain forks", wholeNumber(2, 255))
    .option("--at <time>", "from when on: ISO 8601, seconds since 1970, or +seconds from now")
    .option("--cancel", "take the last announcement back")
    .action((id: string, options: ScheduleOptions) => schedule(id, options));
}

async function list(id: string, options: CommonOptions): Promise<void> {
  const network = await findNetwork(options);
  const client = await connectReader(network);
  const found = await chainForks(client, network, await findChain(client, network, id));
  createOutput(options.json === true).result(found, describe(found));
}

async function schedule(id: string, options: ScheduleOptions): Promise<void> {
  const { rules, at, cancel } = options;
  if (cancel === true ? rules !== undefined || at !== undefined : rules === undefined || at === undefined) {
    throw new CliError("OPTION_MISSING", "name --rules and --at, or --cancel alone");
  }
  const output = createOutput(options.json === true);
  const network = await findNetwork(options);
  const client = await connectAs(network, options);
  const view = await findChain(client, network, id);
  if (rules === undefined || at === undefined) await cancelFork(client, network, view.chainId);
  else await scheduleFork(client, network, view.chainId, rules, forkTime(at));
  const found = await chainForks(client, network, view);
  output.result(found, describe(found));
}

function describe({ forks, members }: ChainForks): string {
  if (forks.length === 0) return "no changes of the rules are announced";
  const rows = forks.map(({ rules, name, at, state }) => [rules.toString(), name ?? "unknown here", at, state]);
  const unready = members.filter(({ ready }) => ready === false).map(({ nodeId }) => nodeId);
  const lines = [table(["RULES", "NAME", "FROM", "STATE"], rows)];
  if (unready.length > 0) lines.push(`nodes ${unready.join(", ")} do not know the next rules: they will stop there`);
  return lines.join("\n");
}
