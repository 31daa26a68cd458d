import type { Command } from "commander";
import { type ChainEras, chainEras, renewKey } from "../chain-eras.ts";
import { findChain } from "../chain-view.ts";
import { connectAs, connectReader, findNetwork, type NetworkOptions } from "../network.ts";
import { createOutput, table } from "../output.ts";

type CommonOptions = NetworkOptions & { readonly json?: boolean };

/** `chain eras` and `chain renew`. `common`: the options that every command of `chain` has. */
export function addEraCommands(chain: Command, common: (command: Command) => Command): void {
  common(chain.command("eras"))
    .description("List the eras of a chain: which group key certifies which heights.")
    .argument("<chain>", "chain id or name")
    .option("--signed", "with each key's signature over the next, for verifiers that cannot read the mainchain")
    .action((id: string, options: CommonOptions & { readonly signed?: boolean }) => list(id, options));
  common(chain.command("renew"))
    .description("Have a group key that has served its period replaced by a fresh one: a new era begins. Anyone.")
    .argument("<chain>", "chain id or name")
    .action((id: string, options: CommonOptions) => renew(id, options));
}

async function list(id: string, options: CommonOptions & { readonly signed?: boolean }): Promise<void> {
  const network = await findNetwork(options);
  const client = await connectReader(network);
  const found = await chainEras(client, network, await findChain(client, network, id), options.signed);
  createOutput(options.json === true).result(found, describe(found));
}

async function renew(id: string, options: CommonOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const network = await findNetwork(options);
  const client = await connectAs(network, options);
  const view = await findChain(client, network, id);
  await renewKey(client, network, view);
  const found = await chainEras(client, network, view);
  output.result(found, `chain ${view.chainId}: a fresh key is generated; the nodes do the rest\n${describe(found)}`);
}

function describe({ eras, renewal, renewableFrom }: ChainEras): string {
  const rows = eras.map(({ era, firstHeight, lastHeight, groupKey }, index) => {
    const newest = index === eras.length - 1;
    const first = firstHeight?.toString() ?? (newest ? "to be shown" : "none");
    return [era.toString(), first, lastHeight?.toString() ?? (firstHeight === undefined ? "" : "open"), groupKey];
  });
  const signed = eras.flatMap(({ era, signature }) =>
    signature === undefined ? [] : [`era ${era}, signed by the key before: ${signature}`],
  );
  const state = renewal === "idle" ? `the key may be renewed from ${renewableFrom} on` : `renewal: ${renewal}`;
  return [table(["ERA", "FROM", "TO", "GROUP KEY"], rows), ...signed, state].join("\n");
}
