import { mined, nodesAbi } from "@tributary/contracts";
import { validatorAccount } from "./devnet/accounts.ts";
import { connectAs, connectWith, findNetwork, type NetworkOptions } from "./network.ts";
import type { Output } from "./output.ts";

/** Tells the mainchain that a node is to leave its committees: from then on members ask for others in its place. */
export async function exitNode(nodeId: number, options: NetworkOptions, output: Output): Promise<void> {
  const network = await findNetwork(options);
  const ofDevnet = network.devnet !== undefined && options.keyFile === undefined;
  const client = await (ofDevnet ? connectWith(network, validatorAccount(nodeId - 1)) : connectAs(network, options));
  const hash = await client.writeContract({
    address: network.contracts.Nodes,
    abi: nodesAbi,
    functionName: "exit",
    args: [nodeId],
  });
  await mined(client, `the exit of node ${nodeId}`, hash);
  output.result({ nodeId, state: "exiting" }, `node ${nodeId} is exiting: it serves until others took its places`);
}
