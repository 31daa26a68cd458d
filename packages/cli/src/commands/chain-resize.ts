import { resizeChain } from "@tributary/contracts";
import type { Command } from "commander";
import { formatEther } from "viem";
import { findChain, viewChain } from "../chain-view.ts";
import { connectAs, findNetwork, type NetworkOptions } from "../network.ts";
import { wholeNumber } from "../option-parsers.ts";
import { createOutput } from "../output.ts";

type ResizeOptions = NetworkOptions & { readonly json?: boolean; readonly members: number };

export function addResizeCommand(chain: Command, common: (command: Command) => Command): void {
  common(chain.command("resize"))
    .description(
      "Let a chain's committee grow or shrink under the same group key. Owner only; added seats are paid now.",
    )
    .argument("<chain>", "chain id or name")
    .requiredOption("--members <number>", "nodes that its committee is to have", wholeNumber(1, 64))
    .action((id: string, options: ResizeOptions) => resize(id, options));
}

async function resize(id: string, options: ResizeOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const network = await findNetwork(options);
  const client = await connectAs(network, options);
  const { chainId, name, members } = await findChain(client, network, id);
  output.progress(`asking for ${options.members} members of ${name}, which has ${members.length}`);
  const deposit = await resizeChain(client, network.contracts, BigInt(chainId), options.members);
  const view = await viewChain(client, network, BigInt(chainId));
  const paid = deposit === 0n ? "" : ` for ${formatEther(deposit)} TRIB, which come back if it fails`;
  output.result(
    { ...view, deposit },
    `chain ${chainId}: ${options.members} members are asked for${paid}; the nodes do the rest`,
  );
}
